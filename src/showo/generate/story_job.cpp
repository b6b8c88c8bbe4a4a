#include "showo/generate/story_job.h"

#include <limits>

#include "showo/core/option_error.h"
#include "showo/core/random.h"

namespace showo {
namespace {

// Positions of a frame at least: its text's room, and <|soi|> codes <|eoi|>.
int64_t positions_of_frame(const Showo& model, const Prompting& prompting) {
  return prompting.text_tokens() + model->config.num_vq_tokens + 2;
}

}  // namespace

StoryJob::StoryJob(const Showo& model, const Prompting& prompting,
                   const std::vector<StoryFrame>& before, std::vector<std::vector<int64_t>> told,
                   const StoryOptions& options, uint64_t seed, OnStoryFrame on_frame,
                   OnMaskStep on_step)
    : model_(model),
      prompting_(prompting),
      frames_(before),
      told_(std::move(told)),
      options_(options),
      seed_(seed),
      on_frame_(std::move(on_frame)),
      on_step_(std::move(on_step)),
      most_frames_(options.frames > 0 ? options.frames : options.most_frames),
      context_{prompting.begin_story(), model->new_cache()} {
  check_options(options_);
  const int64_t codes = model->config.num_vq_tokens,
                positions = model->llm_config().max_position_embeddings;
  options_.sampling.check(codes);
  if (!options_.sampling.negative_prompt.empty())
    throw OptionError("negative_prompt", "the pictures of a story have none");
  const int64_t least = 1 + options_.frames * positions_of_frame(model, prompting);
  if (least > positions) {
    throw OptionError("frames", std::to_string(options_.frames),
                      fmt::format("{} positions at least, the model has {}", least, positions));
  }
  const int64_t frame = codes + 4 + options_.text.max_tokens;
  most_tokens_ = std::min(positions, most_frames_ * frame + 1) + frame;
  for (const StoryFrame& given : before) {
    prompting_.append_story_text(context_.row, given.text);
    auto ids = given.codes;
    for (int64_t& id : ids) id += model->vocabulary.image_offset;
    prompting_.append_story_picture(context_.row, ids);
  }
  go_on();
}

// The next text's beginning, or all of it where it was told.
void StoryJob::go_on() {
  before_text_ = context_.row.length();
  told_text_ = !told_.empty();
  if (told_text_) {
    text_ = std::move(told_.front());
    told_.erase(told_.begin());
    prompting_.append_story_text(context_.row, text_);
  } else {
    context_.row.append_text(std::vector{model_->vocabulary.bos});
  }
}

std::vector<Job::Beginning> StoryJob::beginnings() {
  return {{context_.row, Tensor(), /*logits=*/!told_text_}};
}

void StoryJob::begin(std::vector<Context> read_contexts, std::vector<Tensor> logits) {
  context_ = std::move(read_contexts[0]);
  done_ = std::ssize(frames_) >= most_frames_;
  if (!done_) read(std::move(logits));
}

std::vector<Request> StoryJob::next() {
  if (drawing_) return drawing_->requests();
  std::vector<Request> requests;
  if (writing_) {
    requests.push_back(writing_->request());
  } else if (without_text_) {
    requests.push_back(reading(*without_text_, /*logits=*/false));
  } else {
    requests.push_back(reading(context_, /*logits=*/!told_text_));
  }
  return requests;
}

void StoryJob::take(std::vector<Tensor> logits) {
  if (drawing_) return draw_step(drawing_->take(logits));
  if (!writing_) return read(std::move(logits));
  writing_->take(logits[0]);
  if (writing_->done()) end_text();
}

bool StoryJob::step_alone(const Network& network) {
  if (drawing_) {
    const auto step = drawing_->step_alone(network);
    if (step) draw_step(*step);
    return step.has_value();
  }
  if (!writing_ || !writing_->step_alone(network)) return false;
  if (writing_->done()) end_text();
  return true;
}

// All of the row was read: up to where a text begins, or where a picture does.
void StoryJob::read(std::vector<Tensor> logits) {
  if (!told_text_) return begin_text(logits[0].flatten());
  const bool guided = options_.sampling.guidance > 0 && options_.sampling.guided > 0;
  if (!guided || without_text_) return begin_picture();
  without_text_ = context_.fork();
  without_text_->row = beginning_of(context_.row, before_text_);
  without_text_->cache.truncate(before_text_);
  prompting_.append_story_text(without_text_->row, {});
}

void StoryJob::begin_text(Tensor logits) {
  // A text that says nothing would be the end.
  if (options_.frames > 0) {
    logits = logits.clone();
    logits[model_->vocabulary.eos] = -std::numeric_limits<float>::infinity();
  }
  // [EOT] and the picture follow.
  const int64_t most =
      model_->llm_config().max_position_embeddings - model_->config.num_vq_tokens - 3;
  writing_.emplace(context_, options_.text, std::vector{model_->vocabulary.eos}, most,
                   derive_seed(seed_, 2 * frames_.size()));
  writing_->take(logits);
  if (writing_->done()) end_text();
}

void StoryJob::end_text() {
  text_ = writing_->tokens();
  ended_ = text_.empty() && writing_->complete();
  const bool room = !text_.empty() || ended_;
  writing_.reset();
  done_ = ended_ || !room;
  if (done_) return;
  context_.row.append_text(std::vector{model_->vocabulary.eos});
  told_text_ = true;  // as if it had been
}

void StoryJob::begin_picture() {
  std::vector<Context*> contexts = {&context_};
  if (without_text_) contexts.push_back(&*without_text_);
  const torch::Device device = model_->device();
  const auto blank =
      torch::full({model_->config.num_vq_tokens}, -1, torch::dtype(torch::kLong).device(device));
  drawing_.emplace(
      model_, contexts, blank, options_.sampling,
      std::make_unique<SeededDraws>(derive_seed(seed_, 2 * frames_.size() + 1), device),
      prompting_.story_picture_position(context_.row));
}

void StoryJob::draw_step(const MaskStep& step) {
  if (on_step_ && !on_step_(step)) {
    done_ = true;
  } else if (drawing_->sampler().done()) {
    end_picture();
  }
}

void StoryJob::end_picture() {
  const Tensor codes = drawing_->sampler().codes().cpu().contiguous();
  drawing_.reset();
  without_text_.reset();
  const auto* first = codes.const_data_ptr<int64_t>();
  frames_.push_back({std::move(text_), {first, first + codes.numel()}});
  const bool on = !on_frame_ || on_frame_(frames_.size() - 1, frames_.back());
  auto ids = frames_.back().codes;
  const int64_t end = prompting_.story_picture_position(context_.row) + std::ssize(ids) + 2;
  const bool room =
      end + positions_of_frame(model_, prompting_) <= model_->llm_config().max_position_embeddings;
  done_ = !on || std::ssize(frames_) == most_frames_ || !room;
  if (done_) return;
  for (int64_t& id : ids) id += model_->vocabulary.image_offset;
  prompting_.append_story_picture(context_.row, ids);
  go_on();
}

void StoryJob::release() {
  writing_.reset();
  drawing_.reset();
  without_text_.reset();
  context_.cache = model_->new_cache();
}

}  // namespace showo
