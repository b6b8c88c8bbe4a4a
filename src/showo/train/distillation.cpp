#include "showo/train/distillation.h"

#include <algorithm>
#include <cmath>

#include "showo/core/device.h"
#include "showo/core/random.h"
#include "showo/generate/halton.h"
#include "showo/model/folder.h"

namespace showo {
namespace {

// The rows' masked codes: what is to be predicted of pictures, but for the tokens around them.
Tensor masked_tokens(const PackedRows& rows, const Vocabulary& v) {
  const TaskTargets& targets = rows.targets[static_cast<size_t>(Task::kT2i)];
  const auto codes =
      (targets.ids >= v.image_offset) & (targets.ids < v.image_offset + v.codebook_size);
  return targets.states.masked_select(codes);
}

// The masked codes of every picture, as numbers from 0 to M, in the order of a Halton sequence.
std::vector<std::vector<int64_t>> by_picture(const PackedRows& rows, const Tensor& tokens,
                                             int64_t codes) {
  const Tensor ranks = halton_ranks(codes);
  const auto *rank = ranks.const_data_ptr<int64_t>(), *token = tokens.const_data_ptr<int64_t>();
  std::vector<std::vector<int64_t>> pictures;
  int64_t next = 0;
  for (const int64_t begin : rows.drawn) {
    auto& own = pictures.emplace_back();
    for (; next < tokens.numel() && token[next] < begin + codes; ++next) own.push_back(next);
    std::ranges::sort(own, {}, [&](int64_t m) { return rank[token[m] - begin]; });
  }
  TORCH_CHECK(next == tokens.numel(), "a masked code is in none of the pictures");
  return pictures;
}

// Of the rows with these masked codes known, but for those that are −1.
Tensor hidden_of(Showo& model, const PackedRows& rows, const Tensor& codes_M) {
  const Vocabulary& v = model->vocabulary;
  PackedRows seen = rows;
  seen.ids_T = rows.ids_T.index_copy(
      0, masked_tokens(rows, v), torch::where(codes_M < 0, v.mask_token, codes_M + v.image_offset));
  return model->hidden(seen);
}

// Logits [P, K] of the masked codes `which_P`.
Tensor logits_of(Showo& model, const PackedRows& rows, const Tensor& hidden, const Tensor& which) {
  const auto tokens =
      masked_tokens(rows, model->vocabulary).index_select(0, which).to(hidden.device());
  return model->image_logits(hidden.index_select(0, tokens)).to(torch::kFloat);
}

// Logits [P, K] → codes [P] on the CPU.
Tensor drawn_from(const Tensor& logits, at::Generator& random) {
  const auto sums = logits.softmax(-1).cumsum(-1);
  const auto uniform = torch::rand({logits.size(0), 1}, random).to(logits.device());
  return torch::searchsorted(sums, uniform * sums.narrow(1, sums.size(1) - 1, 1), false, true)
      .clamp_max(sums.size(1) - 1)
      .squeeze(1)
      .cpu();
}

}  // namespace

Distillation::Distillation(const DistillationOptions& options, const Showo& student,
                           torch::Device device)
    : options_(options), teacher_(on(device, load_showo(ModelPaths::in(options.teacher)))) {
  const ShowoConfig &theirs = teacher_->config, &ours = student->config;
  if (theirs.vocab_size != ours.vocab_size || theirs.codebook_size != ours.codebook_size) {
    fail("recipe: distillation.teacher: {} has {} codes in a vocabulary of {}, the model {} in {}",
         options.teacher, theirs.codebook_size, theirs.vocab_size, ours.codebook_size,
         ours.vocab_size);
  }
}

Distillation::Step Distillation::operator()(Showo& student, const PackedRows& rows,
                                            const PackedRows* without_text, uint64_t seed,
                                            double divisor) {
  at::Generator random = make_generator(seed);
  const auto uniform = [&] { return torch::rand({}, random).item<double>(); };
  const auto teach = [&](const Tensor& codes, const Tensor& which) {
    const torch::NoGradGuard no_grad;
    const auto of = [&](const PackedRows& these) {
      return logits_of(teacher_, these, hidden_of(teacher_, these, codes), which);
    };
    auto logits = of(rows);
    if (without_text)
      logits = (1 + options_.guidance) * logits - options_.guidance * of(*without_text);
    return logits;
  };
  // Of every picture the first few in order are decided, rarely many; of some none.
  const auto tokens = masked_tokens(rows, student->vocabulary);
  const int64_t count = tokens.numel();
  const auto pictures = by_picture(rows, tokens, student->config.num_vq_tokens);
  std::vector<int64_t> decided;
  std::vector<bool> hides(count, false);
  auto temperature = torch::full({count}, options_.later_temperature);
  for (const auto& own : pictures) {
    const bool first = uniform() < options_.first_steps || own.size() < 2;
    const double share = std::pow(uniform(), 3);
    const int64_t known = first ? 0 : 1 + static_cast<int64_t>(share * (std::ssize(own) - 1));
    decided.insert(decided.end(), own.begin(), own.begin() + known);
    if (first) temperature.index_fill_(0, torch::tensor(own), options_.code_temperature);
    const double hidden =
        first ? 1 : std::lerp(options_.hidden_least, options_.hidden_most, uniform());
    for (int64_t i = known; i < std::ssize(own); ++i) hides[own[i]] = uniform() < hidden;
    if (!own.empty()) hides[own.back()] = true;  // one at least
  }
  auto codes = torch::full({count}, -1, torch::kLong);
  if (!decided.empty()) {
    const auto which = torch::tensor(decided);
    codes.index_copy_(0, which,
                      drawn_from(teach(codes, which) / options_.code_temperature, random));
  }
  const auto others = (codes < 0).nonzero().squeeze(1);
  const auto hidden_states = hidden_of(student, rows, codes);
  const auto logits = logits_of(student, rows, hidden_states, others);
  std::vector<int64_t> hidden, at;  // among all, and among the others
  const auto* other = others.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < others.numel(); ++i) {
    if (!hides[other[i]]) continue;
    hidden.push_back(other[i]);
    at.push_back(i);
  }
  codes.index_copy_(0, others, drawn_from(logits.detach(), random));
  const auto which = torch::tensor(hidden);
  codes.index_fill_(0, which, -1);
  const auto degrees = temperature.index_select(0, which).unsqueeze(1).to(logits.device());
  const auto said = (teach(codes, which) / degrees).log_softmax(-1);
  const auto should = logits.index_select(0, torch::tensor(at).to(logits.device()));
  const auto divergence = torch::kl_div(should.log_softmax(-1), said, at::Reduction::Sum,
                                        /*log_target=*/true);
  const double weight = static_cast<double>(count) / static_cast<double>(which.numel()) / divisor;
  return {hidden_states, divergence * weight};
}

}  // namespace showo
