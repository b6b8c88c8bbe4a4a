// showo bench: how fast this machine draws and answers, with a model's weights or random ones of
// the published shapes.
#include "apps/cli/bench.h"

#include <ATen/Parallel.h>

#include "apps/cli/command.h"
#include "apps/cli/flags.h"
#include "apps/cli/machine.h"
#include "showo/codec/checkpoint.h"
#include "showo/core/device.h"
#include "showo/generate/engine.h"
#include "showo/generate/picture_job.h"
#include "showo/generate/text_job.h"
#include "showo/prompt/prompting.h"
#include "showo/vision/clip_folder.h"

namespace showo::cli {
namespace {

using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Multiplications and additions of a picture's step: soi…eoi of each branch through the layers,
// with attention to the prompt, and the logits of `wanted` codes. On a CPU the last layer computes
// those alone, of the others keys and values.
double step_operations(Showo& model, int64_t branches, int64_t prompt, int64_t wanted) {
  const LlmConfig& llm = model->llm_config();
  const int64_t codes = model->config.num_vq_tokens, rows = codes + 2;
  const int64_t layer = layer_weights(model) + (prompt + rows) * attention_width(model);
  const int64_t keys = 2 * llm.hidden_size * llm.key_heads() * llm.head_size();
  const int64_t last = model->device().is_cpu() && wanted < codes
                           ? wanted * layer + (rows - wanted) * keys
                           : rows * layer;
  return 2.0 *
         static_cast<double>(branches * (rows * layer * (llm.num_hidden_layers - 1) + last +
                                         wanted * llm.hidden_size * model->config.codebook_size));
}

void bench(const BenchFlags& f) {
  if (f.agreement) return bench_agreement(f);
  if (f.train > 0) return bench_training(f);
  if (f.jobs > 0) return bench_engine(f);
  torch::NoGradGuard no_grad;
  if (!f.out.path.empty()) f.out.check(f.read());
  const auto dtype = f.out.path.empty() ? f.model.compute_type() : f.model.scalar_type();
  const double bandwidth = streaming_read(), peak = gemm_speed(dtype, parse_device(f.model.device));
  Showo model{nullptr};
  const double load = seconds([&] { model = bench_model(f, dtype, f.model.low_bits()); });
  if (!f.out.path.empty()) {
    return f.out.write([&](const fs::path& temporary) {
      write_showo(temporary, model);
      save_codec(temporary / "codec", bench_codec(f, dtype));
      if (model->config.seen_as() != Vision::kClip) return;
      make_folder(temporary / "clip");
      write_clip(temporary / "clip", random_clip(f.model.seed, dtype));
    });
  }
  const Vocabulary& v = model->vocabulary;
  const Prompting prompting(v, model->config.text_tokens);
  const std::vector<int64_t> text(std::min<int64_t>(f.prompt, model->config.text_tokens - 4), 5);
  const std::vector<int64_t> masked(model->config.num_vq_tokens, v.mask_token),
      picture(model->config.num_vq_tokens, v.image_offset + 7);

  Magvit codec = bench_codec(f, dtype);
  const auto side = std::llround(std::sqrt(static_cast<double>(picture.size())));
  const auto codes = torch::zeros({1, side * side}, torch::kLong);
  const auto pixels =
      torch::rand({1, 3, side * codec->config.stride(), side * codec->config.stride()});
  std::vector<double> encodes, decoded, sights;
  const int64_t features = bench_features(f, model->config);
  const auto see = features > 0 ? bench_encoder(f, model, codec, dtype) : nullptr;

  f.sampling.check(model->config.num_vq_tokens);
  TextOptions greedy;
  greedy.max_tokens = f.tokens;
  greedy.jacobi = f.jacobi;
  std::vector<double> pictures, steps, wanted, reads, decodes;
  for (int repeat = 0; repeat < f.repeats; ++repeat) {
    Engine engine(model);  // a new one has read nothing
    const auto canvas = torch::full({model->config.num_vq_tokens}, -1, torch::kLong);
    const auto start = Clock::now();
    auto before = start;
    engine.run({std::make_shared<PictureJob>(
        model, prompting.text_to_image(text, masked), prompting.text_to_image({}, masked), canvas,
        f.sampling, std::make_unique<SeededDraws>(f.model.seed, model->device()),
        [&](const MaskStep& step) {
          step.codes_N.cpu();  // waits for the device
          const auto now = Clock::now();
          const double took = std::chrono::duration<double>(now - before).count();
          if (step.step > 0 || f.sampling.steps == 1) {
            steps.push_back(took);
            wanted.push_back(static_cast<double>(step.logits_PK.size(0)));
          }
          before = now;
          return true;
        })});
    pictures.push_back(std::chrono::duration<double>(before - start).count());
    encodes.push_back(seconds([&] { codec->encode(pixels).cpu(); }));
    decoded.push_back(seconds([&] { codec->decode(codes, side, side).cpu(); }));
    Tensor seen;
    if (see) sights.push_back(seconds([&] { (seen = see()).cpu(); }));
    const Row question = prompting.question(bench_picture(prompting, picture, features), text);
    const auto began = Clock::now();
    double reading = 0;
    const auto answer = std::make_shared<TextJob>(
        model->llm_config(), question, seen, greedy, std::vector<int64_t>(), f.model.seed,
        [&](int64_t, const Tensor&) {
          if (reading == 0) reading = std::chrono::duration<double>(Clock::now() - began).count();
          return true;
        });
    engine.run({answer});
    const double all = std::chrono::duration<double>(Clock::now() - began).count();
    reads.push_back(static_cast<double>(question.length()) / reading);
    decodes.push_back(static_cast<double>(std::ssize(answer->text().tokens()) - 1) /
                      (all - reading));
  }
  const int64_t weights = model->showo->bytes_a_token();
  Json results = {
      {"load_s", load},
      {"image_s", median(pictures)},
      {"image_step_s", median(steps)},
      {"image_step_operations_per_s", step_operations(model, f.sampling.guidance > 0 ? 2 : 1,
                                                      static_cast<int64_t>(text.size()) + 3,
                                                      static_cast<int64_t>(median(wanted))) /
                                          median(steps)},
      {"gemm_operations_per_s", peak},
      {"encode_s", median(encodes)},
      {"decode_s", median(decoded)},
      {"read_tokens_per_s", median(reads)},
      {"decode_tokens_per_s", median(decodes)},
      {"decode_bytes_per_s", median(decodes) * static_cast<double>(weights)},
      {"streaming_read_bytes_per_s", bandwidth},
      {"weights_bytes", weights},
      {"peak_memory_bytes", peak_memory()},
      {"threads", at::get_num_threads()},
  };
  if (see) results["features_s"] = median(sights);
  if (f.model.json) {
    std::fputs((results.dump(2) + "\n").c_str(), stdout);
    return;
  }
  fmt::print(
      "load                 {:8.2f} s\nimage step           {:8.3f} s ({} tokens{})\n"
      "image of {:4} steps   {:8.3f} s\n"
      "picture to codes     {:8.3f} s\ncodes to picture     {:8.3f} s\n{}"
      "arithmetic of a step {:8.1f} GFLOP/s; {} products reach {:.1f}\n"
      "reading              {:8.1f} tokens/s\nanswering            {:8.1f} tokens/s\n"
      "weights a token      {:8.1f} GB/s; memory streams {:.1f} GB/s\n"
      "peak memory          {:8.2f} GB\n",
      load, median(steps), model->config.num_vq_tokens, f.sampling.guidance > 0 ? ", guided" : "",
      f.sampling.steps, median(pictures), median(encodes), median(decoded),
      see ? fmt::format("picture to features  {:8.3f} s\n", median(sights)) : "",
      results["image_step_operations_per_s"].get<double>() / 1e9,
      dtype == torch::kFloat ? "fp32" : f.model.dtype, peak / 1e9, median(reads), median(decodes),
      median(decodes) * static_cast<double>(weights) / 1e9, bandwidth / 1e9,
      static_cast<double>(peak_memory()) / 1e9);
}

}  // namespace

void add_bench(CLI::App& app) {
  auto f = std::make_shared<BenchFlags>();
  auto* command = app.add_subcommand("bench", "time drawing and answering on this machine");
  f->model.add_to(*command);
  command->option_defaults()->group("what is timed");
  command->add_flag("--random", f->random,
                    "random weights of the published shapes (1.45 billion) instead of a model's");
  command->add_option("--size", f->size, "pixels a side of the random model's pictures")
      ->transform(number_in<int>("--size", between(256, 512)))
      ->check(CLI::IsMember({256, 512}))
      ->capture_default_str();
  command
      ->add_option("--vision", f->vision,
                   "how the random model sees pictures that it is asked about: discrete, magvit or "
                   "clip (ViT-L/14-336)")
      ->check(CLI::IsMember({"discrete", "magvit", "clip"}))
      ->capture_default_str();
  add_number(*command, "--layers", f->layers, "layers of the random model", between(1, 1000));
  command->add_flag("--agreement", f->agreement,
                    "how often the rounded weights of --bits say what the exact ones say");
  command
      ->add_option("--train", f->train,
                   "time steps of training with as many rows of random tokens instead")
      ->transform(number_in<int>("--train", between(2, 100'000)));
  command
      ->add_option(
          "--jobs", f->jobs,
          "time so many jobs together and one after another instead, the best of --repeats")
      ->transform(number_in<int>("--jobs", between(1, 10'000)));
  command->add_option("--jobs-of", f->jobs_of, "pictures, answers or mixed")
      ->check(CLI::IsMember({"pictures", "answers", "mixed"}))
      ->capture_default_str();
  command->add_flag("--recompute", f->recompute, "with --train, keep no activations of layers");
  f->out.add_force(*command);
  command
      ->add_option("--out", f->out.path,
                   "write the weights to a folder instead, without a text tokenizer")
      ->group("output");
  add_number(*command, "--prompt", f->prompt, "tokens of the prompt", between(1, 100'000));
  add_number(*command, "--tokens", f->tokens, "tokens of an answer", between(2, 100'000));
  add_number(*command, "--jacobi", f->jacobi,
             "tokens of an answer computed at once; of random weights no guess is right",
             between(1, 64));
  add_number(*command, "--repeats", f->repeats, "medians of as many runs", between(1, 100'000));
  command->option_defaults()->group("sampling");
  add_flags(*command, f->sampling);
  command->callback([=] { bench(*f); });
  command->footer(
      "Examples:\n  showo bench --random --bits 8\n  showo bench --random --device cuda --dtype "
      "bf16 --train 24");
}

}  // namespace showo::cli
