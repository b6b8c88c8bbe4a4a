#include "showo/generate/halton.h"

#include <ATen/Functions.h>

#include <cmath>

namespace showo {
namespace {

// The digits of `index` behind the point in reverse order: van der Corput's sequence.
double radical_inverse(int64_t index, int64_t base) {
  double value = 0, place = 1;
  for (; index > 0; index /= base) {
    place /= static_cast<double>(base);
    value += place * static_cast<double>(index % base);
  }
  return value;
}

}  // namespace

at::Tensor halton_ranks(int64_t tokens) {
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(tokens)));
  TORCH_CHECK(side * side == tokens, tokens, " tokens fill no square");
  at::Tensor ranks = at::full({tokens}, -1, at::kLong);
  auto* rank = ranks.data_ptr<int64_t>();
  int64_t next = 0;
  for (int64_t index = 1; next < tokens; ++index) {
    const auto cell = [&](int64_t base) {
      return static_cast<int64_t>(radical_inverse(index, base) * static_cast<double>(side));
    };
    int64_t& at = rank[cell(2) * side + cell(3)];
    if (at < 0) at = next++;
  }
  return ranks;
}

}  // namespace showo
