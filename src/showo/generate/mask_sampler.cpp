#include "showo/generate/mask_sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <limits>

#include "showo/core/random.h"
#include "showo/model/mask_schedule.h"

namespace showo {
namespace {

// One guidance branch of one picture: the prompt is read once, without its pads but at its own
// positions; a step reads soi…eoi, which sees all of it and itself.
class Branch {
 public:
  Branch(Showo& model, const Row& row)
      : model_(model), prompt_(model->new_cache()), soi_(row.layout.soi) {
    const int64_t first = row.layout.pads, count = row.layout.soi - first;
    auto ids = torch::tensor(
                   std::vector<int64_t>(row.ids.begin() + first, row.ids.begin() + row.layout.soi))
                   .unsqueeze(0);
    model->hidden(ids, Visible::causal(), &prompt_,
                  torch::arange(first, first + count).unsqueeze(0));
  }

  // ids [1, N + 2], soi…eoi → logits [N, K].
  Tensor image_logits(const Tensor& ids) {
    KvCache cache = prompt_;
    auto positions = torch::arange(soi_, soi_ + ids.size(1)).unsqueeze(0);
    auto hidden = model_->hidden(ids, Visible::all(), &cache, positions);
    return model_->image_logits(hidden[0].narrow(0, 1, ids.size(1) - 2)).to(torch::kFloat);
  }

 private:
  Showo& model_;
  KvCache prompt_;
  int64_t soi_;
};

Tensor picture_ids(const Vocabulary& v, const Tensor& canvas_N) {
  auto image = torch::where(canvas_N < 0, v.mask_token, canvas_N + v.image_offset);
  const auto end = [&](int64_t id) { return torch::full({1}, id, image.options()); };
  return torch::cat({end(v.soi), image, end(v.eoi)}).unsqueeze(0);
}

// The positions whose confidence lies below the n-th of the sorted ones, as published.
Tensor least_sure(const Tensor& confidence_N, int64_t n) {
  auto sorted = std::get<0>(confidence_N.sort());
  return confidence_N < sorted[n];
}

}  // namespace

void SamplingOptions::check(int64_t tokens) const {
  if (steps < 1 || steps > tokens)
    throw UsageError(fmt::format("--steps {}: expected 1 to {}", steps, tokens));
  if (!(guidance >= 0 && guidance <= 100))
    throw UsageError(fmt::format("--guidance {}: expected 0 to 100", guidance));
  if (!(temperature >= 0 && temperature <= 100))
    throw UsageError(fmt::format("--temperature {}: expected 0 to 100", temperature));
  try {
    mask_ratio(schedule, 0.5);
  } catch (const Error& error) {
    throw UsageError(fmt::format("--schedule: {}", error.what()));
  }
}

SeededDraws::SeededDraws(const std::vector<uint64_t>& seeds, torch::Device device)
    : device_(device) {
  for (uint64_t seed : seeds) generators_.push_back(make_generator(seed, device));
}

Tensor SeededDraws::codes(int, int64_t b, const Tensor& probabilities) {
  return torch::multinomial(probabilities, 1, /*replacement=*/true, generators_[b]).squeeze(1);
}

Tensor SeededDraws::gumbel(int, int64_t b, int64_t count) {
  auto uniform = torch::rand({count}, generators_[b], torch::device(device_)).clamp_min(1e-20);
  return -(-uniform.log()).clamp_min(1e-20).log();
}

Tensor sample_codes(Showo& model, const std::vector<Row>& prompts, const Row& unconditional,
                    const Tensor& canvas_BN, const SamplingOptions& options, Draws& draws,
                    const OnMaskStep& on_step) {
  torch::NoGradGuard no_grad;
  const Vocabulary& v = model->vocabulary;
  const int64_t batch = canvas_BN.size(0), tokens = canvas_BN.size(1);
  const bool guided = options.guidance > 0;
  std::vector<Branch> conditional;
  for (const Row& prompt : prompts) conditional.emplace_back(model, prompt);
  std::optional<Branch> without;
  if (guided) without.emplace(model, unconditional);

  Tensor canvas = canvas_BN.to(model->device(), /*non_blocking=*/false, /*copy=*/true),
         codes = canvas;
  double temperature = options.temperature;
  for (int step = 0; step < options.steps; ++step) {
    const double r = (step + 1.0) / options.steps;
    temperature *= 1 - r;  // shrinks cumulatively, as published
    std::vector<Tensor> all_logits, all_codes, all_masked;
    for (int64_t b = 0; b < batch; ++b) {
      const auto unknown = canvas[b] < 0;
      const auto ids = picture_ids(v, canvas[b]);
      auto logits = conditional[b].image_logits(ids);
      if (guided)
        logits = (1 + options.guidance) * logits - options.guidance * without->image_logits(ids);
      const auto probabilities = logits.softmax(-1);
      const auto drawn = torch::where(unknown, draws.codes(step, b, probabilities), canvas[b]);
      auto masked = torch::zeros_like(unknown);
      const int64_t wanted = unknown.sum().item<int64_t>();
      if (wanted > 1) {
        const auto left = static_cast<int64_t>(std::floor(
            static_cast<float>(tokens) * static_cast<float>(mask_ratio(options.schedule, r))));
        const auto chosen = probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1);
        auto confidence =
            chosen.clamp_min(1e-20).log() + temperature * draws.gumbel(step, b, tokens);
        confidence = torch::where(unknown, confidence, std::numeric_limits<float>::infinity());
        masked = least_sure(confidence, std::clamp<int64_t>(left, 1, wanted - 1));
      }
      all_logits.push_back(logits);
      all_codes.push_back(drawn);
      all_masked.push_back(masked);
    }
    codes = torch::stack(all_codes);
    const auto masked = torch::stack(all_masked);
    canvas = torch::where(masked, -1, codes);
    if (on_step) on_step({step, torch::stack(all_logits), codes, masked});
  }
  return codes.cpu();
}

}  // namespace showo
