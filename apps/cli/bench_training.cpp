#include <numeric>

#include "apps/cli/bench.h"
#include "apps/cli/machine.h"
#include "showo/core/device.h"
#include "showo/core/random.h"
#include "showo/model/losses.h"
#include "showo/prompt/omni_attention.h"
#include "showo/prompt/prompting.h"
#include "showo/train/batch.h"
#include "showo/train/optimizer.h"
#include "showo/train/run.h"

namespace showo::cli {
namespace {

// Rows of equal length a task: half the codes of a picture from text are masked, and a text about a
// picture is as long as a prompt.
std::vector<Batch> random_batches(Showo& model, int64_t features, int64_t rows, int64_t prompt,
                                  uint64_t seed) {
  const Vocabulary& v = model->vocabulary;
  const Prompting prompting(v, model->config.text_tokens);
  auto random = make_generator(seed);
  const auto draw = [&](int64_t count, int64_t from, int64_t below) {
    const auto ids = torch::randint(from, below, {count}, random, torch::kLong);
    return std::vector<int64_t>(ids.const_data_ptr<int64_t>(),
                                ids.const_data_ptr<int64_t>() + count);
  };
  const int64_t codes = model->config.num_vq_tokens,
                words = std::min(prompt, model->config.text_tokens - 4);
  std::vector<Row> drawing, reading;
  for (int64_t i = 0; i < rows; ++i) {
    const auto text = draw(words, 0, v.image_offset / 2),
               image = draw(codes, v.image_offset, v.image_offset + v.codebook_size);
    if (i % 2) {
      reading.push_back(
          without_pads(prompting.understanding(bench_picture(prompting, image, features), text)));
      continue;
    }
    auto seen = image, wanted = image;
    for (int64_t k = 0; k < codes; ++k) (k % 2 ? seen[k] = v.mask_token : wanted[k] = kIgnore);
    drawing.push_back(without_pads(prompting.text_to_image(text, seen, wanted)));
  }
  std::vector<Batch> batches = {{pack(drawing), {}}, {pack(reading), {}}};
  const int64_t seen = batches[1].rows.feature_places.numel();
  if (features > 0) batches[1].features = torch::randn({seen, model->config.feature_width}, random);
  return batches;
}

// Multiplications and additions of a step, forwards and backwards (twice as many), without what is
// computed again.
double operations(Showo& model, const std::vector<Batch>& batches) {
  const LlmConfig& llm = model->llm_config();
  double forwards = 0;
  for (const Batch& batch : batches) {
    const int64_t tokens = batch.rows.ids_T.numel(),
                  length = tokens / std::ssize(batch.rows.sequences);
    const int64_t layer = layer_weights(model) + length * attention_width(model);
    const auto counts = supervised_tokens(batch.rows);
    forwards += static_cast<double>(tokens * layer * llm.num_hidden_layers) +
                std::accumulate(counts.begin(), counts.end(), 0.0) *
                    static_cast<double>(llm.hidden_size * model->config.vocab_size);
  }
  return 2 * 3 * forwards;
}

}  // namespace

void bench_training(const BenchFlags& f) {
  const torch::Device device = parse_device(f.model.device);
  const bool bf16 = f.model.compute_type() == torch::kBFloat16;
  if (f.model.low_bits()) throw UsageError("--train: weights of --bits are not trained");
  Showo model = bench_model(f, torch::kFloat, {});
  model->train();
  for (auto& parameter : model->parameters()) parameter.set_requires_grad(true);
  model->showo->recompute_layers = f.recompute;
  auto parameters = model->parameters();
  OptimizerOptions options;
  AdamW optimizer(*model, options, std::nullopt, bf16);
  const auto batches =
      random_batches(model, bench_features(f, model->config), f.train, f.prompt, f.model.seed);
  int64_t tokens = 0;
  for (const Batch& batch : batches) tokens += batch.rows.ids_T.numel();

  const auto step = [&] {
    zero_gradients(parameters);
    {
      const Autocast casts(false, device.type());  // weights are cast once for all batches
      for (const Batch& batch : batches) {
        const Autocast autocast(bf16, device.type());
        const Losses losses =
            showo_losses(model, model->hidden(batch.rows, batch.features), batch.rows);
        (losses.t2i + losses.lm + losses.mmu).backward();
      }
    }
    const double norm = clip_gradients(parameters, 1);
    if (!std::isfinite(norm)) fail("the gradient is not finite");
    optimizer.step(1e-5);
    parameters[0].flatten()[0].item<float>();  // waits for the device
  };
  step();  // makes the optimizer's state and the kernels
  std::vector<double> took;
  for (int repeat = 0; repeat < f.repeats; ++repeat) took.push_back(seconds(step));
  std::sort(took.begin(), took.end());
  const double median = took[took.size() / 2], work = operations(model, batches);
  const double peak = gemm_speed(bf16 ? torch::kBFloat16 : torch::kFloat, device);
  const Json results = {{"train_step_s", median},
                        {"train_tokens_per_s", static_cast<double>(tokens) / median},
                        {"train_operations_per_s", work / median},
                        {"gemm_operations_per_s", peak},
                        {"peak_memory_bytes", peak_memory()}};
  if (f.model.json) {
    fmt::print("{}\n", results.dump(2));
  } else {
    fmt::print(
        "training step        {:8.3f} s ({} rows, {} tokens)\ntraining             {:8.0f} "
        "tokens/s\narithmetic of a step {:8.1f} GFLOP/s; {} products reach {:.1f}\n",
        median, f.train, tokens, static_cast<double>(tokens) / median, work / median / 1e9,
        bf16 ? "bf16" : "fp32", peak / 1e9);
    fmt::print("peak memory          {:8.2f} GB\n", static_cast<double>(peak_memory()) / 1e9);
  }
}

}  // namespace showo::cli
