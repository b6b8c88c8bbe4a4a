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

// What a prompt leaves in the cache: read once, without its pads but at its own positions. Behind
// it a step puts soi…eoi, which sees all of it and itself.
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

// soi…eoi of one picture behind each of the prompts, all at once. With `places` [P] of codes only
// those, soi and eoi are computed; the others are in the caches from a step before.
// → logits [prompts, N or P, K].
Tensor image_logits(Showo& model, const Tensor& canvas_N, const std::vector<Prompt*>& prompts,
                    int64_t soi, const Tensor& places = {}) {
  const Vocabulary& v = model->vocabulary;
  const auto count = static_cast<int64_t>(prompts.size()), codes = canvas_N.size(0);
  const auto one = [&](int64_t id) { return torch::full({1}, id, canvas_N.options()); };
  auto ids =
      torch::cat({one(v.soi), torch::where(canvas_N < 0, v.mask_token, canvas_N + v.image_offset),
                  one(v.eoi)});
  auto row = torch::arange(codes + 2, canvas_N.options());  // where each stands from soi on
  if (places.defined()) {
    row = torch::cat({one(0), places + 1, one(codes + 1)});
    ids = ids.index_select(0, row);
  }
  const int64_t tokens = row.size(0);
  Sequences sequences;
  for (Prompt* prompt : prompts) {
    if (!places.defined()) prompt->cache.truncate(prompt->length);
    sequences.push_back({tokens, Visible::all(), &prompt->cache,
                         places.defined() ? row + prompt->length : Tensor()});
  }
  const auto hidden = model->hidden(ids.repeat({count}).unsqueeze(0), sequences,
                                    (row + soi).repeat({count}).unsqueeze(0));
  return model->image_logits(hidden.view({count, tokens, -1}).narrow(1, 1, tokens - 2))
      .to(torch::kFloat);
}

// Prompts are read once; pictures of the same prompt share what was read. With `own`, each goes on
// with a copy, as it keeps its codes there from step to step.
class Branches {
 public:
  Branches(Showo& model, bool own) : model_(model), own_(own) {}
  Prompt* of(const Row& row) {
    auto same = std::find_if(read_.begin(), read_.end(),
                             [&](const Prompt& other) { return other.ids == row.ids; });
    if (same == read_.end()) same = read_.emplace(read_.end(), model_, row);
    return own_ ? &copies_.emplace_back(*same) : &*same;
  }

 private:
  Showo& model_;
  bool own_;
  std::list<Prompt> read_, copies_;
};

// A picture on its way: with and without its text, and what the step before left.
struct Picture {
  std::vector<Prompt*> branches;
  Tensor logits_NK, unknown_N;

  // After guidance. Unless `whole`, only codes that were masked in the step before are computed,
  // at most `most`: those kept by then are in the caches. Nothing waits for the device.
  const Tensor& step(Showo& model, const Tensor& canvas_N, double guidance, int64_t soi, bool whole,
                     int64_t most) {
    const Tensor places = whole ? Tensor() : std::get<1>(unknown_N.to(torch::kFloat).topk(most));
    auto logits = image_logits(model, canvas_N, branches, soi, places);
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
  if (steps < 1 || steps > tokens)
    throw UsageError(fmt::format("--steps {}: expected 1 to {}", steps, tokens));
  if (!(guidance >= 0 && guidance <= 100))
    throw UsageError(fmt::format("--guidance {}: expected 0 to 100", guidance));
  if (refresh < 1) throw UsageError(fmt::format("--refresh {}: expected at least 1", refresh));
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
  const auto guided_steps = static_cast<int>(std::ceil(options.guided * options.steps));
  const bool own = options.refresh > 1;
  Branches with_text(model, own), without(model, own);  // apart, as a prompt may be empty too
  std::vector<Picture> pictures;
  for (const Row& prompt : prompts) {
    pictures.push_back({{with_text.of(prompt)}, {}, {}});
    if (options.guidance > 0 && guided_steps > 0)
      pictures.back().branches.push_back(without.of(unconditional));
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
      const auto logits =
          pictures[b].step(model, canvas[b], options.guidance, soi, whole, masked_before);
      const auto& unknown = pictures[b].unknown_N;
      const auto probabilities = (logits / options.code_temperature).softmax(-1);
      const auto drawn = torch::where(unknown, draws.codes(step, b, probabilities), canvas[b]);
      const auto chosen = probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1);
      auto confidence = chosen.clamp_min(1e-20).log() + temperature * draws.gumbel(step, b, tokens);
      if (ranks.defined()) confidence = ranks;
      confidence = torch::where(unknown, confidence, std::numeric_limits<float>::infinity());
      all_logits.push_back(logits);
      all_codes.push_back(drawn);
      all_masked.push_back(least_sure(confidence, unknown, left));
    }
    codes = torch::stack(all_codes);
    const auto masked = torch::stack(all_masked);
    canvas = torch::where(masked, -1, codes);
    masked_before = masked_now;
    masked_now = std::max<int64_t>(left, 1);
    if (on_step) on_step({step, torch::stack(all_logits), codes, masked});
  }
  return codes.cpu();
}

}  // namespace showo
