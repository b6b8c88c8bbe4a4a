#include "showo/train/loop.h"

#include <chrono>
#include <cmath>

#include "showo/checkpoint/finite.h"

namespace showo {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr const char *kOptimizer = "optimizer.safetensors", *kTraining = "training.safetensors";

torch::nn::Module& chosen(torch::nn::Module& module, const RunOptions& options) {
  choose_trained(module, options.train, options.freeze);
  return module;
}

}  // namespace

TrainingLoop::TrainingLoop(Trainee& trainee, const RunOptions& options, int64_t evaluate_every,
                           RunFolder& folder, const TrainerPlace& place)
    : trainee_(trainee),
      options_(options),
      evaluate_every_(evaluate_every),
      folder_(folder),
      place_(place),
      learner_(chosen(trainee.module(), options), options.optimizer, place,
               {.bf16 = options.bf16, .share_out = options.shard_optimizer}),
      ema_(trainee.module(), options.ema) {
  if (folder_.start()) resume();
  folder_.open_logs(step_);
}

// Where one waits for its data the others do too, rather than in the sum of gradients; and who was
// told to stop tells them.
Counts TrainingLoop::agree(Counts counts) {
  counts.push_back(pauses_ && pauses_->asked() ? 1.0 : 0.0);
  counts = place_.group.agree(std::move(counts));
  all_stop_ |= counts.back() > 0;
  counts.pop_back();
  return counts;
}

Json TrainingLoop::step() {
  const Work work = trainee_.draw(step_);
  const Counts counts = agree(work.counts);
  std::vector<Learner::Loss> losses;
  for (const auto& loss : work.losses) losses.push_back([&] { return loss(counts); });
  const double norm = learner_.gradients(losses);
  const double lr = learning_rate(options_.optimizer, step_, options_.steps);
  const bool moved = learner_.step(norm, step_, options_.steps);
  if (moved) {
    ema_.update();
    trainee_.moved();
  }
  ++step_;
  amount_ += work.amount;
  trainee_.streams().pass_epoch(place_);
  Json line = trainee_.metrics(is_logged());
  line.update({{"step", step_}, {"grad_norm", norm}, {"lr", lr}});
  if (!moved) line["skipped"] = learner_.skipped();
  return line;
}

bool TrainingLoop::run() {
  if (place_.group.leads()) explain_precision(options_.bf16, place_.device.type());
  const Trainee::Words words = trainee_.words();
  Progress progress(words.command, options_.steps);
  pauses_.emplace(PauseOptions{options_.steps, evaluate_every_, options_.preview_every,
                               options_.checkpoint_every, [this] { return evaluate(); },
                               [this] { preview(); }, [this] { save(); }},
                  folder_, place_.group, best_);
  auto since = Clock::now();
  amount_ = 0;
  trainee_.streams().waited();
  double rate = 0;
  for (bool goes_on = true; goes_on && step_ < options_.steps;) {
    Json line = step();
    const bool skipped = line.contains("skipped");
    progress.update(step_, fmt::format("{} {:.3f}, {:.0f} {}/s", words.headline,
                                       line[words.headline].get<double>(), rate, words.unit));
    if (is_logged() || skipped) {
      report(line, seconds_since(since));
      rate = line[fmt::format("{}_per_second", words.unit)].get<double>();
      since = Clock::now();
    }
    const auto pause = Clock::now();
    goes_on = pauses_->after(step_, skipped, all_stop_);
    since += Clock::now() - pause;
  }
  pauses_.reset();
  return step_ >= options_.steps;
}

// What is told of the steps since the line before.
void TrainingLoop::report(Json& line, double seconds) {
  Streams& streams = trainee_.streams();
  line[fmt::format("{}_per_second", trainee_.words().unit)] =
      static_cast<double>(amount_ * place_.group.size()) / seconds;
  line["seconds"] = seconds;
  line["data_wait"] = streams.waited() / seconds;
  line["epoch"] = streams.epoch();
  if (streams.corrupt() > 0) line["corrupt_samples"] = streams.corrupt();
  folder_.log(line);
  amount_ = 0;
}

Json TrainingLoop::evaluate() {
  torch::NoGradGuard no_grad;
  const Ema::Applied averages(ema_);
  Json figures = trainee_.evaluate();
  figures["step"] = step_;
  return figures;
}

void TrainingLoop::preview() {
  torch::NoGradGuard no_grad;
  const Ema::Applied averages(ema_);
  trainee_.preview(folder_.previews() / fmt::format("step-{:07}.png", step_));
}

void TrainingLoop::save() {
  RunState state;
  state.step = step_;
  trainee_.streams().save(state, place_);
  if (std::isfinite(best_)) state.best = best_;
  const TensorMap moments = learner_.state(), training = trainee_.state();
  const auto write = [&](const fs::path& temporary) {
    const std::string kept = not_saved(step_);
    check_finite(trainee_.module(), kept);
    check_finite(moments, kept);
    check_finite(training, kept);
    if (ema_.enabled()) {
      const Ema::Applied averages(ema_);
      check_finite(trainee_.module(), kept);
    }
    trainee_.save(temporary, ema_);
    write_safetensors(temporary / kOptimizer, moments);
    if (!training.empty()) write_safetensors(temporary / kTraining, training);
  };
  if (place_.group.leads()) folder_.save(state, options_.keep, write);
  place_.group.meet();
}

void TrainingLoop::resume() {
  const fs::path from = folder_.start().value();
  const RunState state = folder_.state();
  step_ = state.step;
  best_ = state.best.value_or(best_);
  trainee_.streams().load(state, place_.group);
  trainee_.load(from, ema_);
  const auto read = [&](const char* file, const auto& load) {
    load(read_safetensors(from / file).tensors, (from / file).string());
  };
  read(kOptimizer, [&](auto&&... file) { learner_.load_state(file...); });
  if (!trainee_.state().empty())
    read(kTraining, [&](auto&&... file) { trainee_.load_state(file...); });
  spdlog::info("resumed at step {}", step_);
  folder_.explain_rate(options_.optimizer, step_, options_.steps);
}

}  // namespace showo
