#include "showo/generate/mask_sampler.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>
#include <list>

#include "showo/core/random.h"
#include "showo/generate/halton.h"
#include "showo/model/mask_schedule.h"

namespace showo {
namespace {

// What a prompt leaves in the cache: read once, without its pads but at its own positions. A step
// appends soi…eoi, which sees all of it and itself, and forgets it again.
struct Prompt {
  std::vector<int64_t> ids;
  KvCache cache;
  int64_t length;

  Prompt(Showo& model, const Row& row) : ids(row.ids), cache(model->new_cache()) {
    const int64_t first = row.layout.pads;
    length = row.layout.soi - first;
    const auto text =
        torch::tensor(std::vector<int64_t>(ids.begin() + first, ids.begin() + row.layout.soi));
    model->hidden(text.unsqueeze(0), Visible::causal(), &cache,
                  torch::arange(first, row.layout.soi).unsqueeze(0));
  }
};

// soi…eoi of one picture behind each of the prompts, all at once → logits [prompts, N, K].
Tensor image_logits(Showo& model, const Tensor& canvas_N, const std::vector<Prompt*>& prompts,
                    int64_t soi) {
  const Vocabulary& v = model->vocabulary;
  const auto count = static_cast<int64_t>(prompts.size()), tokens = canvas_N.size(0);
  const auto end = [&](int64_t id) { return torch::full({1}, id, canvas_N.options()); };
  const auto ids =
      torch::cat({end(v.soi), torch::where(canvas_N < 0, v.mask_token, canvas_N + v.image_offset),
                  end(v.eoi)});
  Sequences sequences;
  for (Prompt* prompt : prompts) sequences.push_back({tokens + 2, Visible::all(), &prompt->cache});
  const auto hidden =
      model->hidden(ids.repeat({count}).unsqueeze(0), sequences,
                    torch::arange(soi, soi + tokens + 2).repeat({count}).unsqueeze(0));
  for (Prompt* prompt : prompts) prompt->cache.truncate(prompt->length);
  return model->image_logits(hidden.view({count, tokens + 2, -1}).narrow(1, 1, tokens))
      .to(torch::kFloat);
}

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
  if (steps < 1 || steps > tokens)
    throw UsageError(fmt::format("--steps {}: expected 1 to {}", steps, tokens));
  if (!(guidance >= 0 && guidance <= 100))
    throw UsageError(fmt::format("--guidance {}: expected 0 to 100", guidance));
  if (!(guided >= 0 && guided <= 1))
    throw UsageError(fmt::format("--guided {}: expected 0 to 1", guided));
  if (order != "confidence" && order != "halton")
    throw UsageError(fmt::format("--order {}: expected confidence or halton", order));
  if (!(temperature >= 0 && temperature <= 100))
    throw UsageError(fmt::format("--temperature {}: expected 0 to 100", temperature));
  if (!(code_temperature >= 0.01 && code_temperature <= 100))
    throw UsageError(fmt::format("--code-temperature {}: expected 0.01 to 100", code_temperature));
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
  const int64_t soi = unconditional.layout.soi;
  std::list<Prompt> read;  // pictures of the same prompt share it
  std::vector<std::vector<Prompt*>> branches;
  for (const Row& prompt : prompts) {
    auto same = std::find_if(read.begin(), read.end(),
                             [&](const Prompt& other) { return other.ids == prompt.ids; });
    if (same == read.end()) same = read.emplace(read.end(), model, prompt);
    branches.push_back({&*same});
  }
  std::optional<Prompt> without;
  const auto guided_steps = static_cast<int>(std::ceil(options.guided * options.steps));
  if (options.guidance > 0 && guided_steps > 0) {
    without.emplace(model, unconditional);
    for (auto& of_picture : branches) of_picture.push_back(&*without);
  }
  Tensor places;  // of a sequence of places, the first are kept first; otherwise the surest
  if (options.order == "halton") places = -halton_ranks(tokens).to(model->device(), torch::kFloat);

  Tensor canvas = canvas_BN.to(model->device(), /*non_blocking=*/false, /*copy=*/true),
         codes = canvas;
  double temperature = options.temperature;
  for (int step = 0; step < options.steps; ++step) {
    const double r = (step + 1.0) / options.steps;
    temperature *= 1 - r;  // shrinks cumulatively, as published
    if (without && step == guided_steps)
      for (auto& of_picture : branches) of_picture.pop_back();
    std::vector<Tensor> all_logits, all_codes, all_masked;
    for (int64_t b = 0; b < batch; ++b) {
      const auto unknown = canvas[b] < 0;
      auto logits = image_logits(model, canvas[b], branches[b], soi);
      logits = branches[b].size() > 1
                   ? (1 + options.guidance) * logits[0] - options.guidance * logits[1]
                   : logits[0];
      const auto probabilities = (logits / options.code_temperature).softmax(-1);
      const auto drawn = torch::where(unknown, draws.codes(step, b, probabilities), canvas[b]);
      const auto left = static_cast<int64_t>(std::floor(
          static_cast<float>(tokens) * static_cast<float>(mask_ratio(options.schedule, r))));
      const auto chosen = probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1);
      auto confidence = chosen.clamp_min(1e-20).log() + temperature * draws.gumbel(step, b, tokens);
      if (places.defined()) confidence = places;
      confidence = torch::where(unknown, confidence, std::numeric_limits<float>::infinity());
      const auto masked = least_sure(confidence, unknown, left);
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
