// The two learning objectives (paper 3.4): mask token prediction on pictures, next token prediction
// on texts. Logits are computed at supervised rows only.
#pragma once

#include <array>

#include "showo/model/showo.h"

namespace showo {

struct Losses {
  Tensor t2i, lm, mmu;  // means over their supervised tokens; 0 where a batch has none
};

struct LossCoefficients {
  double t2i = 1, lm = 0.1, mmu = 1;
  template <class V>
  void visit(V& v) {
    v(t2i, "t2i", "weight of mask token prediction", at_least(0));
    v(lm, "lm", "weight of next token prediction on plain text", at_least(0));
    v(mmu, "mmu", "weight of next token prediction about pictures", at_least(0));
  }
};

inline Tensor total(const Losses& losses, const LossCoefficients& c) {
  return c.t2i * losses.t2i + c.lm * losses.lm + c.mmu * losses.mmu;
}

/// Supervised tokens by task, in the order of Task. Divisors of several batches or processes add
/// up.
using TokenCounts = std::array<double, 3>;
TokenCounts supervised_tokens(const PackedRows& rows);

/// Hidden states [T, C] of these rows. Sums of the tokens' losses over `divisors`, for batches that
/// are a part of a step.
Losses showo_losses(Showo model, const Tensor& hidden_TC, const PackedRows& rows,
                    const TokenCounts& divisors);
/// The same over these rows' own counts: means.
Losses showo_losses(Showo model, const Tensor& hidden_TC, const PackedRows& rows);

}  // namespace showo
