#include "showo/nn/few_rows.h"

#include <bit>
#include <vector>

#include "showo/core/pieces.h"
#include "showo/lowbit/rows.h"

#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/nn/few_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef SHOWO_FEW_ROWS_ONCE
#define SHOWO_FEW_ROWS_ONCE
namespace showo {

constexpr int64_t kFewRows = 4;
constexpr int64_t kChannelsAtOnce = 8;  // streams of memory, which a CPU foresees better than one
constexpr int64_t kPairs = 16;          // of inputs that a vector of weights has, at most

}  // namespace showo
#endif

HWY_BEFORE_NAMESPACE();
namespace showo::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // no vectors: plain loops

inline float widened(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

template <int kRows>
void multiply_channels(const float* x, const uint16_t* weights, int64_t inputs, int64_t channels,
                       float* sums) {
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t c = 0; c < channels; ++c) {
      float sum = 0;
      for (int64_t k = 0; k < inputs; ++k)
        sum += x[r * inputs + k] * widened(weights[c * inputs + k]);
      sums[r * kChannelsAtOnce + c] = sum;
    }
  }
}

void widen_pairs(const uint16_t* row, int64_t inputs, float* to) {
  for (int64_t k = 0; k < inputs; ++k) to[k] = widened(row[k]);
}

#else

using DSums = hn::CappedTag<float, kPairs>;

// Weights of pairs of inputs lie in one lane, the first in its lower half; so rows of x have the
// first inputs of a vector's pairs and then their second ones. x [rows, inputs] so, weights
// [channels, inputs] → sums [rows, kChannelsAtOnce].
template <int kRows>
void multiply_channels(const float* x, const uint16_t* weights, int64_t inputs, int64_t channels,
                       float* sums) {
  constexpr int kChannels = kRows == 1 ? kChannelsAtOnce : 4;
  const DSums d;
  const hn::RebindToUnsigned<DSums> bits;
  const hn::Repartition<uint16_t, DSums> narrow;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto upper = hn::Set(bits, 0xffff0000u);
  for (int64_t first = 0; first < channels; first += kChannels) {
    const int64_t last = channels - 1;
    const uint16_t* of_channel[kChannels];
    for (int64_t c = 0; c < kChannels; ++c)
      of_channel[c] = weights + std::min(first + c, last) * inputs;
    hn::Vec<DSums> totals[kRows][kChannels];
    for (auto& of_row : totals)
      for (auto& total : of_row) total = hn::Zero(d);
    for (int64_t k = 0; k < inputs; k += 2 * lanes) {
      hn::Vec<DSums> one[kRows], two[kRows];
      for (int64_t r = 0; r < kRows; ++r) {
        one[r] = hn::LoadU(d, x + r * inputs + k);
        two[r] = hn::LoadU(d, x + r * inputs + k + lanes);
      }
      for (int64_t c = 0; c < kChannels; ++c) {
        const auto pairs = hn::BitCast(bits, hn::LoadU(narrow, of_channel[c] + k));
        const auto even = hn::BitCast(d, hn::ShiftLeft<16>(pairs)),
                   odd = hn::BitCast(d, hn::And(pairs, upper));
        for (int64_t r = 0; r < kRows; ++r) {
          totals[r][c] = hn::MulAdd(even, one[r], totals[r][c]);
          totals[r][c] = hn::MulAdd(odd, two[r], totals[r][c]);
        }
      }
    }
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t c = 0; c < kChannels && first + c < channels; ++c)
        sums[r * kChannelsAtOnce + first + c] = hn::GetLane(hn::SumOfLanes(d, totals[r][c]));
  }
}

// A row as multiply_channels wants it.
void widen_pairs(const uint16_t* row, int64_t inputs, float* to) {
  const DSums d;
  const hn::RebindToUnsigned<DSums> bits;
  const hn::Repartition<uint16_t, DSums> narrow;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t k = 0; k < inputs; k += 2 * lanes) {
    const auto pairs = hn::BitCast(bits, hn::LoadU(narrow, row + k));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(pairs)), d, to + k);
    hn::StoreU(hn::BitCast(d, hn::And(pairs, hn::Set(bits, 0xffff0000u))), d, to + k + lanes);
  }
}

#endif  // HWY_SCALAR

void multiply_few_rows(const float* x, int64_t rows, const uint16_t* weights, int64_t inputs,
                       int64_t channels, float* sums) {
  if (rows == 1) multiply_channels<1>(x, weights, inputs, channels, sums);
  if (rows == 2) multiply_channels<2>(x, weights, inputs, channels, sums);
  if (rows == 3) multiply_channels<3>(x, weights, inputs, channels, sums);
  if (rows == 4) multiply_channels<4>(x, weights, inputs, channels, sums);
}

}  // namespace showo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo {

HWY_EXPORT(multiply_few_rows);
HWY_EXPORT(widen_pairs);

bool takes_few_rows(const Tensor& x, const Tensor& weight) {
  const int64_t inputs = x.size(-1);
  return x.is_cpu() && x.scalar_type() == torch::kBFloat16 &&
         weight.scalar_type() == torch::kBFloat16 && x.numel() > 0 &&
         x.numel() <= kFewRows * inputs && inputs % (2 * kPairs) == 0 && weight.is_contiguous();
}

Tensor few_rows_product(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Activation activation) {
  const int64_t inputs = x.size(-1), rows = x.numel() / inputs, outputs = weight.size(0);
  auto shape = x.sizes().vec();
  shape.back() = outputs;
  const Tensor from = x.contiguous(), out = torch::empty(shape, x.options());
  const Tensor offsets = bias.defined() ? bias.to(torch::kFloat) : torch::zeros({outputs});
  const auto* values = static_cast<const uint16_t*>(from.const_data_ptr());
  const auto* weights = static_cast<const uint16_t*>(weight.const_data_ptr());
  const auto* offset = offsets.const_data_ptr<float>();
  auto* to = static_cast<uint16_t*>(out.mutable_data_ptr());
  std::vector<float> wide(rows * inputs);
  for (int64_t r = 0; r < rows; ++r)
    HWY_DYNAMIC_DISPATCH(widen_pairs)(values + r * inputs, inputs, wide.data() + r * inputs);
  const int64_t tiles = (outputs + kChannelsAtOnce - 1) / kChannelsAtOnce;
  // So many at a time that waking a thread costs little beside them.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (kChannelsAtOnce * inputs));
  for_each_piece(0, tiles, grain, [&](int64_t begin, int64_t end) {
    float sums[kFewRows * kChannelsAtOnce];
    for (int64_t tile = begin; tile < end; ++tile) {
      const int64_t first = tile * kChannelsAtOnce,
                    count = std::min(kChannelsAtOnce, outputs - first);
      HWY_DYNAMIC_DISPATCH(multiply_few_rows)
      (wide.data(), rows, weights + first * inputs, inputs, count, sums);
      for (int64_t r = 0; r < rows; ++r)
        lowbit::offset_products(sums + r * kChannelsAtOnce, offset + first, count,
                                activation == Activation::kGelu, to + r * outputs + first);
    }
  });
  return out;
}

}  // namespace showo
#endif
