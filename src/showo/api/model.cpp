#include "showo/model.h"

#include "showo/api/open.h"
#include "showo/api/work.h"
#include "showo/core/random.h"
#include "showo/generate/preset.h"
#include "showo/generate/redrawing.h"
#include "showo/generate/stories.h"

namespace showo {

struct PictureStep::Shown {
  std::function<Image(const Tensor& codes_N)> picture;
};

namespace {

OnMaskStep each_step(Pipeline& pipeline, const OnStep& on_step,
                     const std::shared_ptr<const PictureStep::Shown>& shown = nullptr) {
  if (!on_step) return {};
  return [=, &pipeline](const MaskStep& step) {
    return on_step(PictureStep(pipeline, 0, step, shown));
  };
}

// Work on a picture whose steps are seen inside it. `make` makes it with a callback.
template <class Make>
Jobs<Image> seen_inside(Pipeline& pipeline, const OnStep& on_step, const Make& make) {
  const auto shown = std::make_shared<PictureStep::Shown>();
  PictureWork work = make(each_step(pipeline, on_step, shown));
  shown->picture = std::move(work.shown);
  return work;
}

OnPictureStep every_step(Pipeline& pipeline, const OnStep& on_step) {
  if (!on_step) return {};
  return [=, &pipeline](size_t picture, const MaskStep& step) {
    return on_step(PictureStep(pipeline, picture, step));
  };
}

Jobs<Image> inpainting(Pipeline& pipeline, const Image& picture, const Image& mask,
                       const Wish& wish, const SamplingOptions& options, const OnStep& on_step) {
  return seen_inside(pipeline, on_step, [&](const OnMaskStep& each) {
    return pipeline.inpainting(picture, mask, wish, options, each);
  });
}

Jobs<Image> extending(Pipeline& pipeline, const Image& picture, Side side, const Wish& wish,
                      int64_t offset, const SamplingOptions& options, const OnStep& on_step) {
  return seen_inside(pipeline, on_step, [&](const OnMaskStep& each) {
    return pipeline.extending(picture, side, wish, offset, options, each);
  });
}

void check_prompts(const std::vector<Wish>& wishes) {
  if (std::ranges::any_of(wishes, is_blank, &Wish::prompt)) throw UsageError("the prompt is empty");
}

// As the command line refuses it too: what is wrong with an option is said before any work.
void check_sampling(const ModelInfo& info, const SamplingOptions& options) {
  options.check(info.image_tokens);
}

std::vector<int64_t> values_of(const Tensor& codes_N) {
  const Tensor dense = codes_N.cpu().contiguous();
  return {dense.const_data_ptr<int64_t>(), dense.const_data_ptr<int64_t>() + dense.numel()};
}

ModelInfo info_of(Pipeline& pipeline, const std::string& folder) {
  const auto& config = pipeline.model()->config;
  return {folder,
          config.vision,
          pipeline.image_size(),
          config.num_vq_tokens,
          config.codebook_size,
          pipeline.prompting().prompt_room(),
          pipeline.model()->llm_config().max_position_embeddings,
          config.stories};
}

}  // namespace

std::vector<Wish> several(const std::string& prompt, int64_t count, uint64_t seed) {
  std::vector<Wish> wishes;
  for (int64_t i = 0; i < count; ++i)
    wishes.push_back({prompt, i == 0 ? seed : derive_seed(seed, i) >> 11});
  return wishes;
}

int PictureStep::step() const { return step_.step; }

std::vector<int64_t> PictureStep::codes() const {
  return values_of(torch::where(step_.masked_N, -1, step_.codes_N));
}

std::vector<int64_t> PictureStep::drawn() const { return values_of(step_.codes_N); }

std::function<Image()> PictureStep::later() const {
  return [codes = step_.codes_N.to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true),
          shown = shown_, &pipeline = pipeline_] {
    return shown ? shown->picture(codes) : pipeline.picture_of(codes);
  };
}

Model::Model(const std::string& folder, const ModelOptions& options) {
  auto pipeline = open_pipeline(folder, options);
  auto info = info_of(*pipeline, folder);
  opened_ = std::make_shared<Opened>(std::move(pipeline), std::move(info));
}

Model::Model(std::shared_ptr<Opened> opened, std::string client)
    : opened_(std::move(opened)), client_(std::move(client)) {}

const ModelInfo& Model::info() const { return opened_->info; }
Pipeline& Model::pipeline() const { return *opened_->pipeline; }
EngineLoad Model::load() const { return pipeline().engine().load(); }
Model Model::for_client(const std::string& client) const { return {opened_, client}; }

SamplingOptions Model::sampling(const std::string& preset) const {
  SamplingOptions options = pipeline().sampling();
  apply_preset(preset, options);
  return options;
}

Image Model::generate(const std::string& prompt, uint64_t seed) const {
  return generate(std::vector<Wish>{{prompt, seed}}, sampling())[0];
}

std::vector<Image> Model::generate(const std::vector<Wish>& wishes, const SamplingOptions& options,
                                   const OnStep& on_step) const {
  check_prompts(wishes);
  check_sampling(info(), options);
  return run(pipeline().drawing(wishes, options, every_step(pipeline(), on_step)),
             pipeline().engine(), client_);
}

Pending<std::vector<Image>> Model::start_generate(const std::vector<Wish>& wishes,
                                                  const SamplingOptions& options,
                                                  const OnStep& on_step) const {
  check_prompts(wishes);
  check_sampling(info(), options);
  return started(pipeline().drawing(wishes, options, every_step(pipeline(), on_step)), opened_,
                 client_);
}

Image Model::inpaint(const Image& picture, const Image& mask, const Wish& wish,
                     const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return run(inpainting(pipeline(), picture, mask, wish, options, on_step), pipeline().engine(),
             client_);
}

Pending<Image> Model::start_inpaint(const Image& picture, const Image& mask, const Wish& wish,
                                    const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(inpainting(pipeline(), picture, mask, wish, options, on_step), opened_, client_);
}

Image Model::extend(const Image& picture, Side side, const Wish& wish,
                    const SamplingOptions& options, int64_t offset, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return run(extending(pipeline(), picture, side, wish, offset, options, on_step),
             pipeline().engine(), client_);
}

Pending<Image> Model::start_extend(const Image& picture, Side side, const Wish& wish,
                                   const SamplingOptions& options, int64_t offset,
                                   const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(extending(pipeline(), picture, side, wish, offset, options, on_step), opened_,
                 client_);
}

Image Model::redraw(const Image& picture, const Wish& wish, const RedrawOptions& redraw,
                    const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return run(redrawing(pipeline(), picture, wish, redraw, options, each_step(pipeline(), on_step)),
             pipeline().engine(), client_);
}

Pending<Image> Model::start_redraw(const Image& picture, const Wish& wish,
                                   const RedrawOptions& redraw, const SamplingOptions& options,
                                   const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(
      redrawing(pipeline(), picture, wish, redraw, options, each_step(pipeline(), on_step)),
      opened_, client_);
}

Image Model::change(const Image& picture, const Wish& instruction, const SamplingOptions& options,
                    const OnStep& on_step) const {
  check_prompts({instruction});
  check_sampling(info(), options);
  return run(changing(pipeline(), picture, instruction.prompt, instruction.seed, options,
                      each_step(pipeline(), on_step)),
             pipeline().engine(), client_);
}

Pending<Image> Model::start_change(const Image& picture, const Wish& instruction,
                                   const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({instruction});
  check_sampling(info(), options);
  return started(changing(pipeline(), picture, instruction.prompt, instruction.seed, options,
                          each_step(pipeline(), on_step)),
                 opened_, client_);
}

std::vector<int64_t> Model::encode(const Image& picture) const {
  return values_of(pipeline().codes_of(picture));
}

Image Model::decode(std::span<const int64_t> codes) const {
  if (std::ssize(codes) != info().image_tokens) {
    throw UsageError(
        fmt::format("{} codes, the model's pictures have {}", codes.size(), info().image_tokens));
  }
  for (const int64_t code : codes) {
    if (code < 0 || code >= info().codes)
      throw UsageError(fmt::format("code {} is not one of {}", code, info().codes));
  }
  return pipeline().picture_of(torch::tensor(std::vector<int64_t>(codes.begin(), codes.end())));
}

Image Model::reconstruct(const Image& picture) const { return pipeline().reconstruct(picture); }

std::vector<Frame> Model::tell(const std::vector<Frame>& before,
                               const std::vector<std::string>& told, const StoryOptions& options,
                               uint64_t seed, const OnFrame& on_frame,
                               const OnStep& on_step) const {
  check_sampling(info(), options.sampling);
  StoryWish wish{{}, told, options, seed};
  for (const Frame& frame : before) {
    wish.before.push_back(frame.codes.empty() ? as_frame(pipeline(), frame.text, frame.picture)
                                              : StoryFrame{tokenize(frame.text), frame.codes});
  }
  OnMaskStep watch;
  if (on_step) {
    watch = [=, this, frame = before.size() - 1](const MaskStep& step) mutable {
      if (step.step == 0) ++frame;
      return on_step(PictureStep(pipeline(), frame, step));
    };
  }
  const auto job = telling(pipeline(), wish, on_frame, watch);
  pipeline().engine().run({job}, client_);
  std::vector<Frame> frames;
  for (const StoryFrame& made : job->frames()) frames.push_back(shown(pipeline(), made));
  return frames;
}

Frame Model::frame(const Image& picture, const std::string& text) const {
  return shown(pipeline(), as_frame(pipeline(), text, picture));
}

}  // namespace showo
