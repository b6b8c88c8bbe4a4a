#include "showo/model.h"

#include "showo/api/open.h"
#include "showo/api/stepper.h"
#include "showo/core/random.h"
#include "showo/generate/answer_stream.h"
#include "showo/generate/completing.h"
#include "showo/generate/conversation.h"
#include "showo/generate/preset.h"
#include "showo/generate/redrawing.h"
#include "showo/generate/stories.h"

namespace showo {

struct Model::Opened {
  std::shared_ptr<Pipeline> pipeline;
  ModelInfo info;
  Stepper stepper{pipeline->shared_engine()};
};

namespace {

using Clock = std::chrono::steady_clock;

// Jobs of an engine; `owner` keeps all alive that they need.
class JobsState : public PendingState {
 public:
  JobsState(std::shared_ptr<void> owner, std::shared_ptr<Engine> engine,
            std::vector<std::shared_ptr<Job>> jobs)
      : owner_(std::move(owner)), engine_(std::move(engine)), jobs_(std::move(jobs)) {}
  bool finished() const override { return std::ranges::all_of(jobs_, &Job::finished); }
  bool wait_for(std::chrono::milliseconds most) const override {
    const auto end = Clock::now() + most;
    return std::ranges::all_of(jobs_, [&](const auto& job) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      return engine_->wait_for(job, std::max(left, std::chrono::milliseconds(0)));
    });
  }
  void cancel() override {
    for (const auto& job : jobs_) engine_->cancel(job);
  }
  void when_finished(std::function<void()> told) override {
    const auto left = std::make_shared<std::atomic<size_t>>(jobs_.size());
    const auto one = [left, told = std::move(told)] {
      if (--*left == 0) told();
    };
    for (const auto& job : jobs_) engine_->when_finished(job, one);
  }
  int64_t ahead() const override {
    int64_t most = 0;
    for (const auto& job : jobs_) most = std::max(most, engine_->ahead_of(job));
    return most;
  }
  // Throws what went wrong.
  void check() const {
    for (const auto& job : jobs_) {
      if (job->error()) std::rethrow_exception(job->error());
      if (job->state() == Job::State::kCancelled) throw Cancelled("it was cancelled");
    }
  }

 private:
  std::shared_ptr<void> owner_;
  std::shared_ptr<Engine> engine_;
  std::vector<std::shared_ptr<Job>> jobs_;
};

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

OnMaskStep each_step(Pipeline& pipeline, size_t picture, const OnStep& on_step) {
  if (!on_step) return {};
  return [=, &pipeline](const MaskStep& step) {
    return on_step(PictureStep(pipeline, picture, step));
  };
}

OnPictureStep every_step(Pipeline& pipeline, const OnStep& on_step) {
  if (!on_step) return {};
  return [=, &pipeline](size_t picture, const MaskStep& step) {
    return on_step(PictureStep(pipeline, picture, step));
  };
}

// The tokens of answers as text.
class Streams {
 public:
  Streams(const Pipeline& pipeline, size_t answers, const OnText& on_text)
      : streams_(answers,
                 AnswerStream(pipeline.shared_tokenizer(), pipeline.prompting().vocabulary().eos)),
        on_text_(on_text) {}
  bool token(size_t answer, int64_t token) { return say(answer, streams_[answer].add(token)); }
  void end() {
    for (size_t i = 0; i < streams_.size(); ++i) say(i, streams_[i].rest());
  }

 private:
  bool say(size_t answer, const std::string& text) {
    return text.empty() || on_text_(answer, text);
  }
  std::vector<AnswerStream> streams_;
  OnText on_text_;
};

Jobs<std::vector<Answer>> asking(Pipeline& pipeline, const View& view,
                                 const std::vector<std::string>& questions,
                                 const TextOptions& options, uint64_t seed, const OnText& on_text) {
  if (std::ranges::any_of(questions, is_blank)) throw UsageError("the question is empty");
  if (!on_text) return pipeline.answering(view.seen(), questions, options, seed);
  const auto streams = std::make_shared<Streams>(pipeline, questions.size(), on_text);
  auto work = pipeline.answering(
      view.seen(), questions, options, seed,
      [streams](size_t answer, int64_t token) { return streams->token(answer, token); });
  work.result = [streams, result = work.result] {
    streams->end();
    return result();
  };
  return work;
}

Jobs<std::vector<Answer>> texts_after(Pipeline& pipeline, const std::string& prompt,
                                      const TextOptions& options,
                                      const std::vector<uint64_t>& seeds, const OnText& on_text) {
  const auto& vocabulary = pipeline.model()->vocabulary;
  return completing(pipeline.model()->llm_config(), pipeline.shared_tokenizer(),
                    {vocabulary.bos, {vocabulary.eos}}, prompt, options, seeds, on_text);
}

void check_prompts(const std::vector<Wish>& wishes) {
  if (std::ranges::any_of(wishes, is_blank, &Wish::prompt)) throw UsageError("the prompt is empty");
}

// As the command line refuses it too: what is wrong with an option is said before any work.
void check_sampling(const ModelInfo& info, const SamplingOptions& options) {
  options.check(info.image_tokens);
}

template <class T>
T run(const Jobs<T>& work, Engine& engine, const std::string& client) {
  engine.run(work.jobs, client);
  return work.result();
}

template <class T, class Owner>
Pending<T> started(Jobs<T> work, const std::shared_ptr<Owner>& owner, const std::string& client) {
  const auto engine = owner->pipeline->shared_engine();
  const auto state = std::make_shared<JobsState>(owner, engine, work.jobs);
  try {
    for (const auto& job : work.jobs) engine->submit(job, client);
  } catch (...) {
    state->cancel();
    throw;
  }
  owner->stepper.start();
  return Pending<T>(state, [state, result = std::move(work.result)] {
    state->check();
    return result();
  });
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
          pipeline.model()->llm_config().max_position_embeddings};
}

}  // namespace

std::vector<Wish> several(const std::string& prompt, int64_t count, uint64_t seed) {
  std::vector<Wish> wishes;
  for (int64_t i = 0; i < count; ++i)
    wishes.push_back({prompt, i == 0 ? seed : derive_seed(seed, i) >> 11});
  return wishes;
}

int64_t View::tokens() const { return seen_->row.length(); }

int PictureStep::step() const { return step_.step; }

std::vector<int64_t> PictureStep::codes() const {
  return values_of(torch::where(step_.masked_N, -1, step_.codes_N));
}

std::vector<int64_t> PictureStep::drawn() const { return values_of(step_.codes_N); }

Image PictureStep::image() const { return pipeline_.picture_of(step_.codes_N); }

struct Chat::State {
  std::shared_ptr<Pipeline> pipeline;
  Conversation conversation;
};

Chat::Chat(std::unique_ptr<State> state) : state_(std::move(state)) {}
Chat::~Chat() = default;
Chat::Chat(Chat&&) noexcept = default;

Answer Chat::ask(const std::string& question, const TextOptions& options, uint64_t seed,
                 const OnText& on_text) {
  if (!on_text) return state_->conversation.ask(question, options, seed);
  Streams streams(*state_->pipeline, 1, on_text);
  const auto answer = state_->conversation.ask(
      question, options, seed,
      [&](int64_t token, const Tensor&) { return streams.token(0, token); });
  streams.end();
  return answer;
}

const Turns& Chat::turns() const { return state_->conversation.turns(); }

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
  return run(pipeline().inpainting(picture, mask, wish, options, each_step(pipeline(), 0, on_step)),
             pipeline().engine(), client_);
}

Pending<Image> Model::start_inpaint(const Image& picture, const Image& mask, const Wish& wish,
                                    const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(
      pipeline().inpainting(picture, mask, wish, options, each_step(pipeline(), 0, on_step)),
      opened_, client_);
}

Image Model::extend(const Image& picture, Side side, const Wish& wish,
                    const SamplingOptions& options, int64_t offset, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return run(
      pipeline().extending(picture, side, wish, offset, options, each_step(pipeline(), 0, on_step)),
      pipeline().engine(), client_);
}

Pending<Image> Model::start_extend(const Image& picture, Side side, const Wish& wish,
                                   const SamplingOptions& options, int64_t offset,
                                   const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(
      pipeline().extending(picture, side, wish, offset, options, each_step(pipeline(), 0, on_step)),
      opened_, client_);
}

Image Model::redraw(const Image& picture, const Wish& wish, const RedrawOptions& redraw,
                    const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return run(
      redrawing(pipeline(), picture, wish, redraw, options, each_step(pipeline(), 0, on_step)),
      pipeline().engine(), client_);
}

Pending<Image> Model::start_redraw(const Image& picture, const Wish& wish,
                                   const RedrawOptions& redraw, const SamplingOptions& options,
                                   const OnStep& on_step) const {
  check_prompts({wish});
  check_sampling(info(), options);
  return started(
      redrawing(pipeline(), picture, wish, redraw, options, each_step(pipeline(), 0, on_step)),
      opened_, client_);
}

Image Model::change(const Image& picture, const Wish& instruction, const SamplingOptions& options,
                    const OnStep& on_step) const {
  check_prompts({instruction});
  check_sampling(info(), options);
  return run(changing(pipeline(), picture, instruction.prompt, instruction.seed, options,
                      each_step(pipeline(), 0, on_step)),
             pipeline().engine(), client_);
}

Pending<Image> Model::start_change(const Image& picture, const Wish& instruction,
                                   const SamplingOptions& options, const OnStep& on_step) const {
  check_prompts({instruction});
  check_sampling(info(), options);
  return started(changing(pipeline(), picture, instruction.prompt, instruction.seed, options,
                          each_step(pipeline(), 0, on_step)),
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

View Model::view(const std::vector<Image>& pictures) const {
  if (pictures.empty()) throw UsageError("a question needs a picture");
  return View(std::make_shared<const Seen>(pipeline().see(pictures)));
}

View Model::view_nothing() const {
  return View(std::make_shared<const Seen>(pipeline().see_nothing()));
}

View Model::after(const View& pictures, const Turns& turns) const {
  return View(std::make_shared<const Seen>(pipeline().after(pictures.seen(), turns)));
}

std::vector<Answer> Model::ask(const View& pictures, const std::vector<std::string>& questions,
                               const TextOptions& options, uint64_t seed,
                               const OnText& on_text) const {
  return run(asking(pipeline(), pictures, questions, options, seed, on_text), pipeline().engine(),
             client_);
}

Pending<std::vector<Answer>> Model::start_ask(const View& pictures,
                                              const std::vector<std::string>& questions,
                                              const TextOptions& options, uint64_t seed,
                                              const OnText& on_text) const {
  return started(asking(pipeline(), pictures, questions, options, seed, on_text), opened_, client_);
}

std::string Model::ask(const Image& picture, const std::string& question) const {
  return ask(view({picture}), {question})[0].text;
}

Chat Model::chat(const std::vector<Image>& pictures) const {
  if (pictures.empty()) throw UsageError("a question needs a picture");
  const auto& pipeline = opened_->pipeline;
  return Chat(
      std::make_unique<Chat::State>(pipeline, Conversation(*pipeline, pipeline->see(pictures))));
}

std::vector<Answer> Model::complete(const std::string& prompt, const TextOptions& options,
                                    const std::vector<uint64_t>& seeds,
                                    const OnText& on_text) const {
  return run(texts_after(pipeline(), prompt, options, seeds, on_text), pipeline().engine(),
             client_);
}

Pending<std::vector<Answer>> Model::start_complete(const std::string& prompt,
                                                   const TextOptions& options,
                                                   const std::vector<uint64_t>& seeds,
                                                   const OnText& on_text) const {
  return started(texts_after(pipeline(), prompt, options, seeds, on_text), opened_, client_);
}

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

std::vector<int64_t> Model::tokenize(const std::string& text) const {
  return pipeline().tokenizer().encode(text);
}

std::string Model::detokenize(std::span<const int64_t> ids) const {
  return pipeline().tokenizer().decode(ids);
}

std::string Model::prompt_used(const std::string& prompt) const {
  return pipeline().prompt_used(prompt);
}

}  // namespace showo
