#include "showo/lowbit/nibbles.h"

#include <algorithm>
#include <cmath>

#include "showo/lowbit/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/nibbles.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include "showo/lowbit/integers-inl.h"

HWY_BEFORE_NAMESPACE();
SHOWO_INTEGERS_TARGET
namespace showo::lowbit::HWY_NAMESPACE {

constexpr float kBytesPerScale = 8.F / 127;  // codes of 4 bits reach −8, bytes ±127

#if HWY_TARGET == HWY_SCALAR

// The portable path: the layout's definition as plain loops.
template <int64_t kRows>
void multiply_block(const WeightView& w, int64_t tile, const int8_t* block, const float* scales,
                    const int32_t*, float* out) {
  const uint16_t* weight_scales = w.scales + tile * kTile * (w.inputs / w.group);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      float total = 0;
      for (int64_t start = 0; start < w.inputs; start += kStep) {
        int32_t sum = 0;
        for (int64_t k = start; k < start + kStep; ++k) {
          const int64_t input = k / 8 * 8 + kNibbleOrder[k % 8];
          sum += code_of(w, tile, i, input) * block[(k / 4 * kRows + r) * 4 + k % 4];
        }
        total += static_cast<float>(sum) * scales[start / kStep * kRows + r] *
                 from_bfloat16(weight_scales[start / w.group * kTile + i]);
      }
      out[r * kTile + i] = total;
    }
  }
}

void tile_as_bytes(const WeightView& w, int64_t tile, int8_t* out, int64_t stride,
                   float* channel_scales) {
  const int64_t groups = w.inputs / w.group;
  const uint16_t* scales = w.scales + tile * kTile * groups;
  for (int64_t i = 0; i < kTile; ++i) {
    float largest = 0;
    for (int64_t g = 0; g < groups; ++g)
      largest = std::max(largest, std::abs(from_bfloat16(scales[g * kTile + i])));
    const float step = largest * kBytesPerScale, inverse = step == 0 ? 0 : 1 / step;
    channel_scales[i] = step;
    for (int64_t k = 0; k < w.inputs; ++k) {
      const float part = from_bfloat16(scales[k / w.group * kTile + i]) * inverse;
      out[k * stride + i] =
          static_cast<int8_t>(std::nearbyint(static_cast<float>(code_of(w, tile, i, k)) * part));
    }
  }
}

#else

constexpr int64_t kAhead = 4096;  // bytes: one row reads weights faster than they are foreseen

template <int64_t kRows>
void multiply_block(const WeightView& w, int64_t tile, const int8_t* block, const float* scales,
                    const int32_t* excess, float* out) {
  const DF d;
  const auto* weight_scales =
      reinterpret_cast<const hwy::bfloat16_t*>(w.scales + tile * kTile * (w.inputs / w.group));
  const int64_t steps = w.inputs / kStep, steps_a_group = w.group / kStep;
  const auto mask = hn::Set(DU8(), uint8_t{15});
  for (int64_t lane = 0; lane < kTile; lane += kAcross * kLanes) {
    const uint8_t* codes = w.codes + tile * kTile * w.inputs / 2 + lane * 4;  // eight inputs a lane
    const int8_t* values = block;
    const auto* of_group = weight_scales + lane;
    int64_t left = steps_a_group;
    hn::Vec<DF> totals[kRows][kAcross];
    for (auto& of_row : totals)
      for (auto& total : of_row) total = hn::Zero(d);
    for (int64_t step = 0; step < steps; ++step) {
      ByteSums sums[kRows][kAcross];
      for (auto& of_row : sums)
        for (auto& sum : of_row) sum = hn::Zero(hn::DFromV<ByteSums>());
      for (int64_t eight = 0; eight < kStep / 8; ++eight, codes += kTile * 4) {
        if (kRows == 1) __builtin_prefetch(codes + kAhead);
        for (int64_t half = 0; half < 2; ++half, values += kRows * 4) {
          hn::Vec<DU8> weights[kAcross];
          for (int64_t v = 0; v < kAcross; ++v) {
            auto both = hn::LoadU(DU8(), codes + v * kLanes * 4);
            if (half) both = hn::BitCast(DU8(), hn::ShiftRight<4>(hn::BitCast(DU16(), both)));
            weights[v] = hn::And(both, mask);
          }
          for (int64_t r = 0; r < kRows; ++r) {
            const auto four = broadcast_four(values + 4 * r);
            for (int64_t v = 0; v < kAcross; ++v)
              sums[r][v] = add_bytes(weights[v], four, sums[r][v]);
            keep_order(sums[r]);
          }
        }
      }
      hn::Vec<DF> of_weights[kAcross];
      for (int64_t v = 0; v < kAcross; ++v)
        of_weights[v] = hn::PromoteTo(d, hn::LoadU(DB(), of_group + v * kLanes));
      for (int64_t r = 0; r < kRows; ++r) {
        const auto scale = hn::Set(d, scales[step * kRows + r]);
        const auto more = hn::Set(D32(), excess[step * kRows + r]);
        for (int64_t v = 0; v < kAcross; ++v) {
          const auto sum = hn::ConvertTo(d, sum_of(sums[r][v]) - more);
          totals[r][v] = hn::MulAdd(sum, of_weights[v] * scale, totals[r][v]);
        }
      }
      if (--left == 0) {
        left = steps_a_group;
        of_group += kTile;
      }
    }
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t v = 0; v < kAcross; ++v)
        hn::StoreU(totals[r][v], d, out + r * kTile + lane + v * kLanes);
  }
}

void tile_as_bytes(const WeightView& w, int64_t tile, int8_t* out, int64_t stride,
                   float* channel_scales) {
  const DF d;
  const hn::Rebind<int8_t, D32> narrow;
  const int64_t groups = w.inputs / w.group;
  const auto* codes = reinterpret_cast<const uint16_t*>(w.codes) + tile * kTile * (w.inputs / 4);
  const auto* scales = reinterpret_cast<const hwy::bfloat16_t*>(w.scales + tile * kTile * groups);
  for (int64_t v = 0; v < kVectors; ++v) {
    const auto scale_of = [&](int64_t group) HWY_ATTR {
      return hn::PromoteTo(d, hn::LoadU(DB(), scales + group * kTile + v * kLanes));
    };
    auto largest = hn::Zero(d);
    for (int64_t g = 0; g < groups; ++g) largest = hn::Max(largest, hn::Abs(scale_of(g)));
    const auto step = largest * hn::Set(d, kBytesPerScale);
    hn::StoreU(step, d, channel_scales + v * kLanes);
    const auto inverse = hn::IfThenElseZero(step > hn::Zero(d), hn::Set(d, 1.F) / step);
    for (int64_t g = 0; g < groups; ++g) {
      const auto part = scale_of(g) * inverse;
      const auto put = [&](V32 code, int64_t k) HWY_ATTR {
        const auto value = hn::ConvertTo(d, code - hn::Set(D32(), 8)) * part;
        hn::StoreU(hn::DemoteTo(narrow, hn::NearestInt(value)), narrow,
                   out + k * stride + v * kLanes);
      };
      for (int64_t k = g * w.group; k < (g + 1) * w.group; k += 8) {
        auto nibbles = hn::LoadU(DU16(), codes + k / 8 * kTile * 2 + v * kLanes * 2);
        for (int64_t j = 0; j < 4; ++j) {
          const auto pairs = hn::BitCast(D32(), hn::And(nibbles, hn::Set(DU16(), uint16_t{15})));
          nibbles = hn::ShiftRight<4>(nibbles);
          put(hn::And(pairs, hn::Set(D32(), 0xffff)), k + 2 * j);
          put(hn::ShiftRight<16>(pairs), k + 2 * j + 1);
        }
      }
    }
  }
}

#endif  // HWY_SCALAR

void multiply_blocks_of_4_bits(const WeightView& w, int64_t tile, const Rows8& x, float* out) {
  constexpr decltype(&multiply_block<1>) kOfRows[kBlock] = {multiply_block<1>, multiply_block<2>,
                                                            multiply_block<3>, multiply_block<4>,
                                                            multiply_block<5>, multiply_block<6>};
  for (int64_t row = 0; row < x.rows; row += kBlock) {
    const int64_t steps = row * (w.inputs / kStep), width = std::min(kBlock, x.rows - row);
    kOfRows[width - 1](w, tile, x.values + row * w.inputs, x.scales + steps, x.excess + steps,
                       out + row * kTile);
  }
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(multiply_blocks_of_4_bits);
HWY_EXPORT(tile_as_bytes);

void lay_block(const int8_t* values, int64_t rows, int64_t inputs, int8_t* block) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t start = 0; start < inputs; start += 8) {
      const int8_t* from = values + r * inputs + start;
      int8_t* to = block + start * rows + r * 4;
      for (int64_t k = 0; k < 4; ++k) {
        to[k] = from[kNibbleOrder[k]];
        to[4 * rows + k] = from[kNibbleOrder[4 + k]];
      }
    }
  }
}

void multiply_tile_of_4_bits(const WeightView& weights, int64_t tile, const Rows8& x, float* out) {
  HWY_DYNAMIC_DISPATCH(multiply_blocks_of_4_bits)(weights, tile, x, out);
}

void tile_as_bytes(const WeightView& weights, int64_t tile, int8_t* out, int64_t stride,
                   float* scales) {
  HWY_DYNAMIC_DISPATCH(tile_as_bytes)(weights, tile, out, stride, scales);
}

}  // namespace showo::lowbit
#endif
