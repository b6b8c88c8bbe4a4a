#include "showo/lowbit/kernels.h"

#include <algorithm>
#include <cmath>

// Without this Highway leaves AVX-512's VNNI out.
#define HWY_WANT_AVX3_DL
// Vectors of unknown length do not fit the tile's arrays; such CPUs have fixed ones as well.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include "showo/lowbit/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
SHOWO_PAIRS_TARGET
namespace showo::lowbit::HWY_NAMESPACE {

constexpr float kBytesPerScale = 8.F / 127;  // codes of 4 bits reach −8, bytes ±127

#if HWY_TARGET == HWY_SCALAR

// The portable path: the layout's definition as plain loops.
constexpr int kManyRows = 1;

template <int kRows>
void add_tile(const Codes& w, int64_t tile, const Activations& x, int64_t row,
              float (&out)[kRows][kTile]) {
  const int64_t groups = w.inputs / w.group;
  const uint16_t* scales = w.scales + tile * kTile * groups;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      for (int64_t start = 0; start < w.inputs; start += kStep) {
        int32_t sum = 0;
        for (int64_t k = start; k < start + kStep; ++k)
          sum += code_of(w, tile, i, k) * x.values[(row + r) * w.inputs + k];
        const int64_t g = start / w.group;
        const float scale = from_bfloat16(scales[w.bits == 8 ? i * groups + g : g * kTile + i]);
        out[r][i] += static_cast<float>(sum) * scale;
      }
    }
  }
}

void tile_bytes(const Codes& w, int64_t tile, int8_t* out, int64_t stride, float* channel_scales) {
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

constexpr int kManyRows = kVectors == 1 ? 12 : 4;  // as many as leave registers for the sums
constexpr int64_t kAhead = 4096;  // bytes: one row reads weights faster than they are foreseen

// Codes of 8 bits lie as they are multiplied: a lane is an input, a channel's sums are added across
// lanes at its end. For kRows rows, channels `first` … first + kChannels of the tile → out.
template <int kRows, int kChannels>
HWY_INLINE void dot_int8(const Codes& w, int64_t tile, int64_t first, const Activations& x,
                         int64_t row, float (&out)[kRows][kTile]) {
  constexpr int64_t kWide = 2 * kLanes;                   // inputs of a vector
  constexpr int64_t kExact = 1024 * kLanes;               // inputs that int32 holds the sums of
  constexpr int kParts = kRows * kChannels == 1 ? 4 : 1;  // sums side by side hide the latency
  const int64_t channel = tile * kTile + first, groups = w.inputs / w.group;
  const auto* codes = reinterpret_cast<const int8_t*>(w.codes) + channel * w.inputs;
  const int16_t* values = x.values + row * w.inputs;
  const DF d;
  hn::Vec<DF> totals[kRows][kChannels];
  for (auto& of_row : totals)
    for (auto& total : of_row) total = hn::Zero(d);
  for (int64_t start = 0; start < w.inputs;) {
    const int64_t group = start / w.group;
    const int64_t end = std::min({start + kExact, (group + 1) * w.group, w.inputs});
    V32 sums[kRows][kChannels][kParts];
    for (auto& of_row : sums)
      for (auto& of_channel : of_row)
        for (auto& sum : of_channel) sum = hn::Zero(D32());
    const auto add = [&](int64_t k, int part) HWY_ATTR {
      V16 weights[kChannels];
      for (int c = 0; c < kChannels; ++c) {
        if (kRows > 1) __builtin_prefetch(codes + (kChannels + c) * w.inputs + k);
        weights[c] = hn::PromoteTo(D16(), hn::LoadU(D8(), codes + c * w.inputs + k));
      }
      for (int r = 0; r < kRows; ++r) {
        const auto v = hn::LoadU(D16(), values + r * w.inputs + k);
        for (int c = 0; c < kChannels; ++c)
          sums[r][c][part] = add_pairs(weights[c], v, sums[r][c][part]);
      }
    };
    int64_t k = start;
    if constexpr (kParts > 1) {
      for (; k + kParts * kWide <= end; k += kParts * kWide) {
        for (int64_t ahead = 0; ahead < kParts * kWide; ahead += 64)
          __builtin_prefetch(codes + k + ahead + kAhead);
        for (int part = 0; part < kParts; ++part) add(k + part * kWide, part);
      }
    }
    for (; k < end; k += kWide) add(k, 0);
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kChannels; ++c) {
        V32 sum = sums[r][c][0];
        for (int part = 1; part < kParts; ++part) sum = sum + sums[r][c][part];
        const auto scale = hn::Set(d, from_bfloat16(w.scales[(channel + c) * groups + group]));
        totals[r][c] = hn::MulAdd(hn::ConvertTo(d, sum), scale, totals[r][c]);
      }
    }
    start = end;
  }
  for (int r = 0; r < kRows; ++r)
    for (int c = 0; c < kChannels; ++c)
      out[r][first + c] = hn::GetLane(hn::SumOfLanes(d, totals[r][c]));
}

template <int kRows>
HWY_INLINE void tile_int8(const Codes& w, int64_t tile, const Activations& x, int64_t row,
                          float (&out)[kRows][kTile]) {
  constexpr int kChannels = kRows == 1 ? 1 : kVectors > 1 ? 2 : 4;
  for (int64_t first = 0; first < kTile; first += kChannels)
    dot_int8<kRows, kChannels>(w, tile, first, x, row, out);
}

// 4 bits: one lane an output channel; 16 channels are kVectors vectors of int32, and pairs of int16
// beside. Integer sums of one group → out, times the weights' scales.
template <int kRows>
HWY_INLINE void add_scaled(const V32 (&sums)[kRows][kVectors], const uint16_t* scales,
                           float (&out)[kRows][kTile]) {
  const DF d;
  for (int v = 0; v < kVectors; ++v) {
    const auto* at = reinterpret_cast<const hwy::bfloat16_t*>(scales) + v * kLanes;
    const auto scale = hn::PromoteTo(d, hn::LoadU(DB(), at));
    for (int r = 0; r < kRows; ++r) {
      float* to = out[r] + v * kLanes;
      hn::Store(hn::MulAdd(hn::ConvertTo(d, sums[r][v]), scale, hn::Load(d, to)), d, to);
    }
  }
}

// Codes of eight inputs: [inputs / 8][16 channels × 2] uint16, nibble j for the pair j of the
// eight, each eight more than the weight.
template <int kRows>
HWY_INLINE void tile_int4(const Codes& w, int64_t tile, const Activations& x, int64_t row,
                          float (&out)[kRows][kTile]) {
  const auto* codes = reinterpret_cast<const uint16_t*>(w.codes) + tile * kTile * (w.inputs / 4);
  const uint16_t* scales = w.scales + tile * kTile * (w.inputs / w.group);
  const int16_t* values = x.values + row * w.inputs;
  const int32_t* totals = x.sums + row * (w.inputs / kStep);
  const auto mask = hn::Set(DU16(), uint16_t{15});
  constexpr int kParts = kRows == 1 ? 4 : kRows == 2 ? 2 : 1;  // sums side by side hide the latency
  for (int64_t start = 0; start < w.inputs; start += kStep) {
    V32 parts[kParts][kRows][kVectors];
    for (int p = 0; p < kParts; ++p) {
      for (int r = 0; r < kRows; ++r) {
        const int32_t excess = p ? 0 : -8 * totals[r * (w.inputs / kStep) + start / kStep];
        for (auto& sum : parts[p][r]) sum = hn::Set(D32(), excess);
      }
    }
    for (int64_t k = start; k < start + kStep; k += 8) {
      if (kRows == 1) __builtin_prefetch(codes + k / 8 * kTile * 2 + kAhead / 2);
      hn::Vec<DU16> nibbles[kVectors];
      for (int v = 0; v < kVectors; ++v)
        nibbles[v] = hn::LoadU(DU16(), codes + k / 8 * kTile * 2 + v * kLanes * 2);
      for (int j = 0; j < 4; ++j) {
        V16 weights[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          weights[v] = hn::BitCast(D16(), hn::And(nibbles[v], mask));
          nibbles[v] = hn::ShiftRight<4>(nibbles[v]);
        }
        auto& sums = parts[j % kParts];
        for (int r = 0; r < kRows; ++r) {
          const auto pair = broadcast_pair(values + r * w.inputs + k + 2 * j);
          for (int v = 0; v < kVectors; ++v) sums[r][v] = add_pairs(weights[v], pair, sums[r][v]);
        }
      }
    }
    auto& sums = parts[0];
    for (int p = 1; p < kParts; ++p)
      for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) sums[r][v] = sums[r][v] + parts[p][r][v];
    add_scaled<kRows>(sums, scales + start / w.group * kTile, out);
  }
}

template <int kRows>
HWY_INLINE void add_tile(const Codes& w, int64_t tile, const Activations& x, int64_t row,
                         float (&out)[kRows][kTile]) {
  if constexpr (kRows <= 4) {
    if (w.bits == 8) return tile_int8<kRows>(w, tile, x, row, out);
  }
  tile_int4<kRows>(w, tile, x, row, out);
}

#endif  // HWY_SCALAR

#if HWY_TARGET != HWY_SCALAR
void tile_bytes(const Codes& w, int64_t tile, int8_t* out, int64_t stride, float* channel_scales) {
  const DF d;
  const hn::Rebind<int8_t, D32> narrow;
  const int64_t groups = w.inputs / w.group;
  const auto* codes = reinterpret_cast<const uint16_t*>(w.codes) + tile * kTile * (w.inputs / 4);
  const auto* scales = reinterpret_cast<const hwy::bfloat16_t*>(w.scales + tile * kTile * groups);
  for (int v = 0; v < kVectors; ++v) {
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
#endif

template <int kRows>
void multiply_rows(const Codes& w, int64_t tile, const Activations& x, int64_t row, float* to) {
  HWY_ALIGN float out[kRows][kTile] = {};
  add_tile<kRows>(w, tile, x, row, out);
  for (int r = 0; r < kRows; ++r)
    for (int i = 0; i < kTile; ++i) to[(row + r) * kTile + i] = out[r][i] * x.scales[row + r];
}

void multiply_tile(const Codes& w, int64_t tile, const Activations& x, float* to) {
  int64_t row = 0;
  if (w.bits == 4) {  // more rows of 8 bits would not stay in the nearest cache
    for (; row + kManyRows <= x.rows; row += kManyRows)
      multiply_rows<kManyRows>(w, tile, x, row, to);
  }
  for (; row + 4 <= x.rows; row += 4) multiply_rows<4>(w, tile, x, row, to);
  const int64_t rest = x.rows - row;
  if (rest == 3) multiply_rows<3>(w, tile, x, row, to);
  if (rest == 2) multiply_rows<2>(w, tile, x, row, to);
  if (rest == 1) multiply_rows<1>(w, tile, x, row, to);
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(multiply_tile);
HWY_EXPORT(tile_bytes);

void multiply_tile(const Codes& weights, int64_t tile, const Activations& x, float* out) {
  HWY_DYNAMIC_DISPATCH(multiply_tile)(weights, tile, x, out);
}

void tile_bytes(const Codes& weights, int64_t tile, int8_t* out, int64_t stride, float* scales) {
  HWY_DYNAMIC_DISPATCH(tile_bytes)(weights, tile, out, stride, scales);
}

}  // namespace showo::lowbit
#endif
