#include "showo/lowbit/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Without this Highway leaves AVX-512's VNNI out.
#define HWY_WANT_AVX3_DL
// Vectors of unknown length do not fit the tile's arrays; such CPUs have fixed ones as well.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_GCC_ACTUAL
#pragma GCC target("avx512vnni")  // a CPU of this target has it, but Highway does not say so
#endif
namespace showo::lowbit::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// The portable path: the layout's definition as plain loops.
constexpr int kVectors = 1;

int code_of(const Codes& w, int64_t tile, int64_t channel, int64_t k) {
  const uint8_t* codes = w.codes + tile * kTile * w.inputs * w.bits / 8;
  if (w.bits == 8) return static_cast<int8_t>(codes[(k / 2 * kTile + channel) * 2 + k % 2]);
  uint16_t nibbles;
  std::memcpy(&nibbles, codes + ((k / 8 * kTile + channel) * 2 + k % 2) * 2, sizeof nibbles);
  return (nibbles >> (k % 8 / 2 * 4) & 15) - 8;
}

template <int kRows>
void add_tile(const Codes& w, int64_t tile, const Activations& x, int64_t row,
              float (&out)[kRows][kTile]) {
  const uint16_t* scales = w.scales + tile * kTile * (w.inputs / w.group);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t i = 0; i < kTile; ++i) {
      for (int64_t start = 0; start < w.inputs; start += kStep) {
        int32_t sum = 0;
        for (int64_t k = start; k < start + kStep; ++k)
          sum += code_of(w, tile, i, k) * x.values[(row + r) * w.inputs + k];
        const uint32_t bits = uint32_t{scales[start / w.group * kTile + i]} << 16;
        float scale;
        std::memcpy(&scale, &bits, sizeof scale);
        out[r][i] += static_cast<float>(sum) * scale;
      }
    }
  }
}

#else

namespace hn = hwy::HWY_NAMESPACE;

// One lane an output channel: 16 channels are kVectors vectors of int32, and pairs of int16 beside.
using D32 = hn::CappedTag<int32_t, kTile>;
using D16 = hn::Repartition<int16_t, D32>;
using DU16 = hn::RebindToUnsigned<D16>;
using D8 = hn::Rebind<int8_t, D16>;
using DF = hn::RebindToFloat<D32>;
using DB = hn::Rebind<hwy::bfloat16_t, DF>;
using V32 = hn::Vec<D32>;
using V16 = hn::Vec<D16>;

constexpr int kLanes = hn::MaxLanes(D32());
constexpr int kVectors = kTile / kLanes;
constexpr int64_t kAhead = 2048;  // bytes: one row reads weights faster than they are foreseen

// sum[i] += a[2i]·b[2i] + a[2i + 1]·b[2i + 1]
HWY_INLINE V32 add_pairs(V16 a, V16 b, V32 sum) {
  const D32 d;
#if HWY_TARGET == HWY_AVX3_DL
  return V32{_mm512_dpwssd_epi32(sum.raw, a.raw, b.raw)};
#elif HWY_ARCH_X86
  auto rest = hn::Zero(d);
  return hn::ReorderWidenMulAccumulate(d, a, b, sum, rest);  // leaves `rest` alone on x86
#else
  const auto a32 = hn::BitCast(d, a), b32 = hn::BitCast(d, b);
  const auto low = [](V32 v) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(v)); };
  const auto high = [](V32 v) { return hn::ShiftRight<16>(v); };
  return sum + low(a32) * low(b32) + high(a32) * high(b32);
#endif
}

HWY_INLINE V16 broadcast_pair(const int16_t* pair) {
  int32_t both;
  std::memcpy(&both, pair, sizeof both);
  return hn::BitCast(D16(), hn::Set(D32(), both));
}

// Integer sums of one group → out, times the weights' scales.
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

// Codes of input pairs: [inputs / 2][16 channels][2] int8.
template <int kRows>
HWY_INLINE void tile_int8(const Codes& w, int64_t tile, const Activations& x, int64_t row,
                          float (&out)[kRows][kTile]) {
  constexpr int64_t kExact = 1024;  // inputs that int32 holds the sum of
  const auto* codes = reinterpret_cast<const int8_t*>(w.codes) + tile * kTile * w.inputs;
  const uint16_t* scales = w.scales + tile * kTile * (w.inputs / w.group);
  const int16_t* values = x.values + row * w.inputs;
  for (int64_t start = 0; start < w.inputs;) {
    const int64_t end = std::min({start + kExact, (start / w.group + 1) * w.group, w.inputs});
    V32 sums[kRows][kVectors];
    for (auto& of_row : sums)
      for (auto& sum : of_row) sum = hn::Zero(D32());
    for (int64_t k = start; k < end; k += 2) {
      if (kRows == 1 && k % 4 == 0) __builtin_prefetch(codes + k * kTile + kAhead);
      V16 weights[kVectors];
      for (int v = 0; v < kVectors; ++v)
        weights[v] = hn::PromoteTo(D16(), hn::LoadU(D8(), codes + k * kTile + v * kLanes * 2));
      for (int r = 0; r < kRows; ++r) {
        const auto pair = broadcast_pair(values + r * w.inputs + k);
        for (int v = 0; v < kVectors; ++v) sums[r][v] = add_pairs(weights[v], pair, sums[r][v]);
      }
    }
    add_scaled<kRows>(sums, scales + start / w.group * kTile, out);
    start = end;
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
  for (int64_t start = 0; start < w.inputs; start += kStep) {
    V32 sums[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      const auto excess = hn::Set(D32(), -8 * totals[r * (w.inputs / kStep) + start / kStep]);
      for (auto& sum : sums[r]) sum = excess;
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
        for (int r = 0; r < kRows; ++r) {
          const auto pair = broadcast_pair(values + r * w.inputs + k + 2 * j);
          for (int v = 0; v < kVectors; ++v) sums[r][v] = add_pairs(weights[v], pair, sums[r][v]);
        }
      }
    }
    add_scaled<kRows>(sums, scales + start / w.group * kTile, out);
  }
}

template <int kRows>
HWY_INLINE void add_tile(const Codes& w, int64_t tile, const Activations& x, int64_t row,
                         float (&out)[kRows][kTile]) {
  w.bits == 8 ? tile_int8<kRows>(w, tile, x, row, out) : tile_int4<kRows>(w, tile, x, row, out);
}

#endif  // HWY_SCALAR

template <int kRows>
void multiply_rows(const Codes& w, int64_t tile, const Activations& x, int64_t row, float* to,
                   int64_t stride) {
  HWY_ALIGN float out[kRows][kTile] = {};
  add_tile<kRows>(w, tile, x, row, out);
  for (int r = 0; r < kRows; ++r)
    for (int i = 0; i < kTile; ++i) to[(row + r) * stride + i] = out[r][i] * x.scales[row + r];
}

void multiply_tile(const Codes& w, int64_t tile, const Activations& x, float* to, int64_t stride) {
  // As many rows at once as leave the registers enough for the sums.
  constexpr int kMany = kVectors == 1 ? 12 : 4;
  int64_t row = 0;
  for (; row + kMany <= x.rows; row += kMany) multiply_rows<kMany>(w, tile, x, row, to, stride);
  for (; row + 4 <= x.rows; row += 4) multiply_rows<4>(w, tile, x, row, to, stride);
  for (; row + 2 <= x.rows; row += 2) multiply_rows<2>(w, tile, x, row, to, stride);
  for (; row < x.rows; ++row) multiply_rows<1>(w, tile, x, row, to, stride);
}

void quantize_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums) {
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  *scale = largest / kActivationMax;
  const float inverse = largest > 0 ? kActivationMax / largest : 0;
  for (int64_t i = 0; i < count; ++i)
    values[i] = static_cast<int16_t>(std::nearbyint(x[i] * inverse));
  std::fill(values + count, values + padded, int16_t{0});
  if (!sums) return;
  for (int64_t i = 0; i < padded; i += kStep) {
    int32_t sum = 0;
    for (int64_t j = i; j < i + kStep; ++j) sum += values[j];
    sums[i / kStep] = sum;
  }
}

void unpack_tile(const Codes& w, int64_t tile, int8_t* rows) {
  constexpr int64_t kPairs = kStep / 2;  // a block of these stays in the nearest cache
  const auto* pairs = reinterpret_cast<const uint16_t*>(w.codes + tile * kTile * w.inputs);
  for (int64_t start = 0; start < w.inputs / 2; start += kPairs) {
    for (int64_t i = 0; i < kTile; ++i) {
      uint16_t row[kPairs];
      for (int64_t p = 0; p < kPairs; ++p) row[p] = pairs[(start + p) * kTile + i];
      std::memcpy(rows + i * w.inputs + start * 2, row, sizeof row);
    }
  }
}

void round_to_bytes(const float* x, int64_t count, int64_t padded, int8_t* bytes, float* scale) {
  constexpr float kByteMax = 127;
  float largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  *scale = largest / kByteMax;
  const float inverse = largest > 0 ? kByteMax / largest : 0;
  for (int64_t i = 0; i < count; ++i)
    bytes[i] = static_cast<int8_t>(std::nearbyint(x[i] * inverse));
  std::fill(bytes + count, bytes + padded, int8_t{0});
}

void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i)
    to[i] = static_cast<float>(sums[i]) * scales[i] * row_scale + offsets[i];
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(multiply_tile);
HWY_EXPORT(quantize_row);
HWY_EXPORT(unpack_tile);
HWY_EXPORT(round_to_bytes);
HWY_EXPORT(scale_sums);

void multiply_tile(const Codes& weights, int64_t tile, const Activations& x, float* out,
                   int64_t stride) {
  HWY_DYNAMIC_DISPATCH(multiply_tile)(weights, tile, x, out, stride);
}

void quantize_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale,
                  int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(quantize_row)(x, count, padded, values, scale, sums);
}

void unpack_tile(const Codes& weights, int64_t tile, int8_t* rows) {
  HWY_DYNAMIC_DISPATCH(unpack_tile)(weights, tile, rows);
}

void round_to_bytes(const float* x, int64_t count, int64_t padded, int8_t* bytes, float* scale) {
  HWY_DYNAMIC_DISPATCH(round_to_bytes)(x, count, padded, bytes, scale);
}

void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(scale_sums)(sums, scales, row_scale, offsets, count, to);
}

}  // namespace showo::lowbit
#endif
