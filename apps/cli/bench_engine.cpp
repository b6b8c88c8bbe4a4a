// showo bench --jobs: pictures and answers together against one after another.
#include <algorithm>
#include <chrono>
#include <numeric>

#include "apps/cli/bench.h"
#include "apps/cli/machine.h"
#include "showo/core/error.h"
#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/text_job.h"
#include "showo/prompt/prompting.h"

namespace showo::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Jobs that share nothing, each of a prompt or picture of its own; answers of so many tokens.
std::vector<Engine::JobPtr> make_jobs(Showo& model, const BenchFlags& f, int64_t tokens) {
  const Vocabulary& v = model->vocabulary;
  const Prompting prompting(v, model->config.text_tokens);
  const int64_t codes = model->config.num_vq_tokens, features = bench_features(f, model->config);
  TextOptions greedy;
  greedy.max_tokens = tokens;
  std::vector<Engine::JobPtr> jobs;
  for (int i = 0; i < f.jobs; ++i) {
    const std::vector<int64_t> text(std::min<int64_t>(f.prompt, model->config.text_tokens - 4),
                                    5 + i);
    const bool draws = f.jobs_of == "pictures" || (f.jobs_of == "mixed" && i % 2 == 0);
    if (draws) {
      const std::vector<int64_t> blank(codes, v.mask_token);
      jobs.push_back(std::make_shared<PictureJob>(
          model, prompting.text_to_image(text, blank), prompting.text_to_image({}, blank),
          torch::full({codes}, -1, torch::kLong), f.sampling,
          std::make_unique<SeededDraws>(i, model->device())));
    } else {
      const std::vector<int64_t> picture(codes, v.image_offset + 7 + i);
      const Tensor seen =
          features > 0 ? torch::randn({features, model->config.feature_width}) : Tensor();
      jobs.push_back(std::make_shared<TextJob>(
          model->llm_config(),
          prompting.question(bench_picture(prompting, picture, features), text), seen, greedy,
          std::vector<int64_t>(), i));
    }
  }
  return jobs;
}

struct Times {
  double all = 0;                         // seconds until the last job was finished
  double first_tokens = 0;                // the same of answers of one token: reading, mostly
  std::vector<double> pictures, answers;  // seconds from the beginning of all until each was
};

Times run(Showo& model, const BenchFlags& f, const EngineLimits& limits, int64_t tokens) {
  const auto jobs = make_jobs(model, f, tokens);
  Engine engine(model, limits);
  Times times;
  const auto start = Clock::now();
  for (const auto& job : jobs) engine.submit(job);
  std::vector<bool> seen(jobs.size());
  while (engine.step()) {
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (seen[i] || !jobs[i]->finished()) continue;
      if (jobs[i]->error()) std::rethrow_exception(jobs[i]->error());
      seen[i] = true;
      times.all = std::chrono::duration<double>(Clock::now() - start).count();
      (jobs[i]->draws() ? times.pictures : times.answers).push_back(times.all);
    }
  }
  return times;
}

double mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

// Tokens a second behind each answer's first; 0 where pictures are drawn beside, where there are no
// more tokens, and where they took less than two runs of reading differ by.
double decoding(const Times& times, const BenchFlags& f) {
  if (!times.pictures.empty() || f.tokens < 2 || times.all <= times.first_tokens) return 0;
  return static_cast<double>(std::ssize(times.answers) * (f.tokens - 1)) /
         (times.all - times.first_tokens);
}

Json to_json(const Times& times, const BenchFlags& f) {
  const auto tokens = static_cast<double>(std::ssize(times.answers) * f.tokens);
  return {{"seconds", times.all},
          {"decode_tokens_per_s", decoding(times, f)},
          {"picture_latency_s", mean(times.pictures)},
          {"answer_latency_s", mean(times.answers)},
          {"pictures_per_s", static_cast<double>(times.pictures.size()) / times.all},
          {"tokens_per_s", tokens / times.all}};
}

}  // namespace

void bench_engine(const BenchFlags& f) {
  torch::NoGradGuard no_grad;
  Showo model = bench_model(f, f.model.compute_type(), f.model.low_bits());
  EngineLimits together = engine_limits(model->device()), apart = together;
  together.waiting = apart.waiting = f.jobs;
  apart.running = 1;
  Times best[2];
  double first_tokens[2] = {};
  const bool decodes = f.jobs_of == "answers" && f.tokens > 1;
  for (int repeat = 0; repeat < f.repeats; ++repeat) {
    for (const int way : {0, 1}) {
      const EngineLimits& limits = way == 0 ? apart : together;
      const Times times = run(model, f, limits, f.tokens);
      if (repeat == 0 || times.all < best[way].all) best[way] = times;
      if (!decodes) continue;
      const double first = run(model, f, limits, 1).all;
      if (repeat == 0 || first < first_tokens[way]) first_tokens[way] = first;
    }
  }
  for (const int way : {0, 1}) best[way].first_tokens = first_tokens[way];
  const Json results = {{"jobs", f.jobs},
                        {"jobs_of", f.jobs_of},
                        {"one_after_another", to_json(best[0], f)},
                        {"together", to_json(best[1], f)},
                        {"times_as_fast", best[0].all / best[1].all},
                        {"peak_memory_bytes", peak_memory()}};
  if (f.model.json) {
    std::fputs((results.dump(2) + "\n").c_str(), stdout);
    return;
  }
  fmt::print("{} jobs ({}): one after another {:.2f} s, together {:.2f} s: {:.2f} times as fast\n",
             f.jobs, f.jobs_of, best[0].all, best[1].all, best[0].all / best[1].all);
  for (const int way : {0, 1}) {
    fmt::print("{:<18} a picture after {:7.2f} s, an answer after {:7.2f} s (means)\n",
               way == 0 ? "one after another" : "together", mean(best[way].pictures),
               mean(best[way].answers));
  }
  const double alone = decoding(best[0], f), beside = decoding(best[1], f);
  if (alone > 0 && beside > 0) {
    fmt::print("tokens behind the first: {:.1f} a second and {:.1f}, {:.2f} times as many\n", alone,
               beside, beside / alone);
  }
}

}  // namespace showo::cli
