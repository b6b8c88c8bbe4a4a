#include "showo/generate/mask_sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>
#include <list>
#include <map>

#include "showo/core/option_error.h"
#include "showo/core/random.h"
#include "showo/generate/halton.h"
#include "showo/generate/image_step.h"
#include "showo/model/mask_schedule.h"

namespace showo {
namespace {

// Prompts are read once; pictures of the same prompt share what was read. With `own`, each goes on
// with a copy, as it keeps its codes there from step to step.
class Prompts {
 public:
  Prompts(Showo& model, bool own) : model_(model), own_(own) {}
  ReadPrompt* read(const Row& row) {
    auto same = std::find_if(read_.begin(), read_.end(),
                             [&](const ReadPrompt& other) { return other.ids == row.ids; });
    if (same == read_.end()) same = read_.emplace(read_.end(), model_, row);
    return own_ ? &copies_.emplace_back(*same) : &*same;
  }

 private:
  Showo& model_;
  bool own_;
  std::list<ReadPrompt> read_, copies_;
};

// A picture on its way: with and without its text, and what the step before left.
struct Picture {
  std::vector<ReadPrompt*> branches;
  Tensor logits_NK, unknown_N;

  // After guidance. Unless `whole`, only codes that were masked in the step before are computed,
  // at most `most`: those kept by then are in the caches. Nothing waits for the device.
  const Tensor& step(ImageStep& behind, const Tensor& canvas_N, double guidance, bool whole,
                     int64_t most) {
    const Tensor places = whole ? Tensor() : std::get<1>(unknown_N.to(torch::kFloat).topk(most));
    auto logits = whole ? behind.all(canvas_N) : behind.at(places, canvas_N);
    logits = branches.size() > 1 ? (1 + guidance) * logits[0] - guidance * logits[1] : logits[0];
    logits_NK = whole ? logits : logits_NK.index_copy(0, places, logits);
    unknown_N = canvas_N < 0;
    return logits_NK;
  }
};

// The positions whose confidence lies below the n-th of the sorted ones, as published; n is held
// between 1 and one less than are unknown. Tensors only: the device is not waited for.
Tensor least_sure(const Tensor& confidence_N, const Tensor& unknown_N, int64_t n) {
  const auto wanted = unknown_N.sum();
  const auto place = (wanted - 1).clamp(0, std::max<int64_t>(n, 1)).view(1);
  const auto cut = std::get<0>(confidence_N.sort()).index_select(0, place);
  return (confidence_N < cut).logical_and(wanted > 1);
}

}  // namespace

void SamplingOptions::check(int64_t tokens) const {
  check_options(*this);
  if (steps > tokens)
    throw OptionError("steps", std::to_string(steps), fmt::format("expected 1 to {}", tokens));
  if (order != "confidence" && order != "halton")
    throw OptionError("order", order, "expected confidence or halton");
  try {
    mask_ratio(schedule, 0.5);
  } catch (const Error& error) {
    throw OptionError("schedule", error.what());
  }
}

SeededDraws::SeededDraws(const std::vector<uint64_t>& seeds, torch::Device device)
    : device_(device) {
  for (uint64_t seed : seeds) generators_.push_back(make_generator(seed, device));
}

Tensor SeededDraws::codes(int, int64_t b, const Tensor& probabilities) {
  // One uniform number a position against the running sums; multinomial would draw one a code.
  const int64_t codes = probabilities.size(1);
  const auto sums = probabilities.cumsum(1);
  const auto at = torch::rand({probabilities.size(0), 1}, generators_[b], torch::device(device_)) *
                  sums.narrow(1, codes - 1, 1);
  return torch::searchsorted(sums, at, /*out_int32=*/false, /*right=*/true)
      .clamp_max(codes - 1)
      .squeeze(1);
}

Tensor SeededDraws::gumbel(int, int64_t b, int64_t count) {
  auto uniform = torch::rand({count}, generators_[b], torch::device(device_)).clamp_min(1e-20);
  return -(-uniform.log()).clamp_min(1e-20).log();
}

Tensor sample_codes(Showo& model, const std::vector<Row>& prompts, const Row& unconditional,
                    const Tensor& canvas_BN, const SamplingOptions& options, Draws& draws,
                    const OnMaskStep& on_step) {
  torch::NoGradGuard no_grad;
  const int64_t batch = canvas_BN.size(0), tokens = canvas_BN.size(1);
  const auto guided_steps = static_cast<int>(std::ceil(options.guided * options.steps));
  const bool own = options.refresh > 1;
  Prompts with_text(model, own), without(model, own);    // apart, as a prompt may be empty too
  std::map<std::vector<ReadPrompt*>, ImageStep> behind;  // pictures of the same prompt share it
  std::vector<Picture> pictures;
  for (const Row& prompt : prompts) {
    pictures.push_back({{with_text.read(prompt)}, {}, {}});
    if (options.guidance > 0 && guided_steps > 0)
      pictures.back().branches.push_back(without.read(unconditional));
  }
  Tensor ranks;  // of a sequence of places, the first are kept first; otherwise the surest
  if (options.order == "halton") ranks = -halton_ranks(tokens).to(model->device(), torch::kFloat);

  Tensor canvas = canvas_BN.to(model->device(), /*non_blocking=*/false, /*copy=*/true),
         codes = canvas;
  int64_t masked_before = tokens, masked_now = tokens;  // at most, at the start of a step
  double temperature = options.temperature;
  for (int step = 0; step < options.steps; ++step) {
    const double r = (step + 1.0) / options.steps;
    temperature *= 1 - r;  // shrinks cumulatively, as published
    const auto left = static_cast<int64_t>(std::floor(
        static_cast<float>(tokens) * static_cast<float>(mask_ratio(options.schedule, r))));
    const bool whole = step % options.refresh == 0;
    std::vector<Tensor> all_logits, all_codes, all_masked;
    for (int64_t b = 0; b < batch; ++b) {
      if (step == guided_steps) pictures[b].branches.resize(1);
      const auto& prompts_b = pictures[b].branches;
      auto& image_step = behind.try_emplace(prompts_b, model, prompts_b, tokens).first->second;
      const auto logits =
          pictures[b].step(image_step, canvas[b], options.guidance, whole, masked_before);
      const auto& unknown = pictures[b].unknown_N;
      const auto probabilities = (logits / options.code_temperature).softmax(-1);
      const auto drawn = torch::where(unknown, draws.codes(step, b, probabilities), canvas[b]);
      const auto chosen = probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1);
      auto confidence = chosen.clamp_min(1e-20).log() + temperature * draws.gumbel(step, b, tokens);
      if (ranks.defined()) confidence = ranks;
      confidence = confidence.masked_fill(~unknown, std::numeric_limits<float>::infinity());
      all_logits.push_back(logits);
      all_codes.push_back(drawn);
      all_masked.push_back(least_sure(confidence, unknown, left));
    }
    codes = torch::stack(all_codes);
    const auto masked = torch::stack(all_masked);
    canvas = codes.masked_fill(masked, -1);
    masked_before = masked_now;
    masked_now = std::max<int64_t>(left, 1);
    if (on_step) on_step({step, torch::stack(all_logits), codes, masked});
  }
  return codes.cpu();
}

}  // namespace showo
