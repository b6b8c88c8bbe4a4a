#include "showo/generate/mask_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "showo/core/option_error.h"
#include "showo/core/random.h"
#include "showo/generate/halton.h"
#include "showo/model/mask_schedule.h"

namespace showo {
namespace {

// The positions whose confidence lies below the n-th of the sorted ones, as published; n is held
// between 1 and one less than are unknown. Tensors only: the device is not waited for.
Tensor least_sure(const Tensor& confidence_N, const Tensor& unknown_N, int64_t n) {
  const auto wanted = unknown_N.sum();
  const auto place = (wanted - 1).clamp(0, std::max<int64_t>(n, 1)).view(1);
  const auto cut = std::get<0>(confidence_N.sort()).index_select(0, place);
  return (confidence_N < cut) & (wanted > 1);
}

Tensor probabilities_of(Tensor logits_PK, const SamplingOptions& options) {
  if (options.code_top_k > 0 && options.code_top_k < logits_PK.size(1)) {
    const auto least = std::get<0>(logits_PK.topk(options.code_top_k, 1, true, /*sorted=*/false))
                           .amin(1, /*keepdim=*/true);
    logits_PK = logits_PK.masked_fill(logits_PK < least, -std::numeric_limits<float>::infinity());
  }
  if (options.code_temperature != 1) logits_PK = logits_PK / options.code_temperature;
  return logits_PK.softmax(-1);
}

}  // namespace

void SamplingOptions::check(int64_t tokens) const {
  check_options(*this);
  if (steps > tokens)
    throw OptionError("steps", std::to_string(steps), fmt::format("expected 1 to {}", tokens));
  if (!negative_prompt.empty() && (guidance == 0 || guided == 0))
    throw OptionError("negative_prompt", "guidance is off, which alone heeds it");
  if (order != "confidence" && order != "halton")
    throw OptionError("order", order, "expected confidence or halton");
  try {
    mask_ratio(schedule, 0.5);
  } catch (const Error& error) {
    throw OptionError("schedule", error.what());
  }
}

SeededDraws::SeededDraws(uint64_t seed, torch::Device device)
    : device_(device), generator_(make_generator(seed, device)) {}

Tensor SeededDraws::codes(int, int64_t count, const Tensor& places, const Tensor& probabilities) {
  // One uniform number a place of the picture against the running sums; multinomial would draw one
  // a code.
  const int64_t codes = probabilities.size(1);
  const auto sums = probabilities.cumsum(1);
  auto uniform = torch::rand({count, 1}, generator_, torch::device(device_));
  if (places.defined()) uniform = uniform.index_select(0, places);
  const auto at = uniform * sums.narrow(1, codes - 1, 1);
  return torch::searchsorted(sums, at, /*out_int32=*/false, /*right=*/true)
      .clamp_max(codes - 1)
      .squeeze(1);
}

Tensor SeededDraws::gumbel(int, int64_t count) {
  auto uniform = torch::rand({count}, generator_, torch::device(device_)).clamp_min(1e-20);
  return -(-uniform.log()).clamp_min(1e-20).log();
}

MaskSampler::MaskSampler(const Tensor& canvas, const SamplingOptions& options,
                         std::unique_ptr<Draws> draws)
    : options_(options),
      draws_(std::move(draws)),
      canvas_N_(canvas),
      codes_N_(canvas),
      masked_(canvas.is_cpu() ? std::max<int64_t>((canvas < 0).sum().item<int64_t>(), 1)
                              : canvas.size(0)),
      temperature_(options.temperature) {
  if (options.order == "halton")
    ranks_N_ = -halton_ranks(canvas.size(0)).to(canvas.device(), torch::kFloat);
}

bool MaskSampler::guided() const {
  return options_.guidance > 0 && step_ < std::ceil(options_.guided * options_.steps);
}

Tensor MaskSampler::wanted() const {
  if (draws_->of_all()) return computed_C_;
  if (computed_C_.defined()) return computed_C_.narrow(0, 0, masked_);
  if (masked_ == canvas_N_.size(0)) return {};
  return std::get<1>((canvas_N_ < 0).to(torch::kFloat).topk(masked_));
}

MaskStep MaskSampler::take(const Tensor& logits, const Tensor& places) {
  const int64_t tokens = canvas_N_.size(0);
  const Tensor unknown = canvas_N_ < 0;
  const auto spread = [&](const Tensor& of_places, const Tensor& elsewhere) {
    return places.defined() ? elsewhere.index_copy(0, places, of_places) : of_places;
  };
  const double r = (step_ + 1.0) / options_.steps;
  temperature_ *= 1 - r;  // shrinks cumulatively, as published
  const auto left = static_cast<int64_t>(std::floor(
      static_cast<float>(tokens) * static_cast<float>(mask_ratio(options_.schedule, r))));
  const auto probabilities = probabilities_of(logits, options_);
  const auto drawn = draws_->codes(step_, tokens, places, probabilities);
  codes_N_ = torch::where(unknown, spread(drawn, canvas_N_), canvas_N_);
  const auto chosen = spread(probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1),
                             torch::ones({tokens}, logits.options()));
  auto confidence = chosen.clamp_min(1e-20).log() + temperature_ * draws_->gumbel(step_, tokens);
  if (ranks_N_.defined()) confidence = ranks_N_;
  confidence = confidence.masked_fill(~unknown, std::numeric_limits<float>::infinity());
  auto masked = least_sure(confidence, unknown, left);
  int64_t count = std::max<int64_t>(std::min(left, masked_ - 1), 1);
  if (options_.commit_above < 1) {
    masked = masked & (chosen <= options_.commit_above);
    count = masked.sum().item<int64_t>();
  }
  canvas_N_ = codes_N_.masked_fill(masked, -1);
  // Those kept before this step are in the caches as they are now, unless all are computed anew.
  const bool whole = ++step_ % options_.refresh == 0;
  computed_C_ = whole ? Tensor()
                      : std::get<1>((unknown.to(torch::kFloat) + masked.to(torch::kFloat))
                                        .topk(masked_));  // those still masked first
  masked_ = count;
  return {step_ - 1, places, logits, codes_N_, masked};
}

}  // namespace showo
