// Products of pairs of int16, summed in int32, as one vector instruction of the target; and the
// plain reading of the layout where there are no vectors. Included once for every target of
// Highway.
#if defined(SHOWO_LOWBIT_INTEGERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOWO_LOWBIT_INTEGERS_INL_H_
#undef SHOWO_LOWBIT_INTEGERS_INL_H_
#else
#define SHOWO_LOWBIT_INTEGERS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#include "showo/lowbit/weight_view.h"

// Whether the target's vectors are x86's own; Highway emulates some as well.
#undef SHOWO_X86_VECTORS
#define SHOWO_X86_VECTORS (HWY_ARCH_X86 && HWY_TARGET <= HWY_SSSE3)

// After HWY_BEFORE_NAMESPACE wherever these functions are called.
#undef SHOWO_INTEGERS_TARGET
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_GCC_ACTUAL
// A CPU of this target has VNNI, but Highway does not say so.
#define SHOWO_INTEGERS_TARGET _Pragma("GCC target(\"avx512vnni\")")
#else
#define SHOWO_INTEGERS_TARGET
#endif

HWY_BEFORE_NAMESPACE();
SHOWO_INTEGERS_TARGET
namespace showo::lowbit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE float from_bfloat16(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

#if HWY_TARGET == HWY_SCALAR

// The layout's definition.
HWY_INLINE int code_of(const WeightView& w, int64_t tile, int64_t channel, int64_t k) {
  const uint8_t* codes = w.codes + tile * kTile * w.inputs * w.bits / 8;
  if (w.bits == 8) return static_cast<int8_t>(codes[channel * w.inputs + k]);
  uint16_t nibbles;
  std::memcpy(&nibbles, codes + ((k / 8 * kTile + channel) * 2 + k % 2) * 2, sizeof nibbles);
  return (nibbles >> (k % 8 / 2 * 4) & 15) - 8;
}

#else

using D32 = hn::CappedTag<int32_t, kTile>;
using D16 = hn::Repartition<int16_t, D32>;
using DU16 = hn::RebindToUnsigned<D16>;
using D8 = hn::Rebind<int8_t, D16>;
using DF = hn::RebindToFloat<D32>;
using DB = hn::Rebind<hwy::bfloat16_t, DF>;
using V32 = hn::Vec<D32>;
using V16 = hn::Vec<D16>;

constexpr int64_t kLanes = hn::MaxLanes(D32());
constexpr int64_t kVectors = kTile / kLanes;

// sum[i] += a[2i]·b[2i] + a[2i + 1]·b[2i + 1]
HWY_INLINE V32 add_pairs(V16 a, V16 b, V32 sum) {
  const D32 d;
#if HWY_TARGET == HWY_AVX3_DL
  return V32{_mm512_dpwssd_epi32(sum.raw, a.raw, b.raw)};
#elif SHOWO_X86_VECTORS
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

using DU8 = hn::Repartition<uint8_t, D32>;
using DI8 = hn::Repartition<int8_t, D32>;

HWY_INLINE hn::Vec<DI8> broadcast_four(const int8_t* four) {
  int32_t all;
  std::memcpy(&all, four, sizeof all);
  return hn::BitCast(DI8(), hn::Set(D32(), all));
}

// Sums of products of codes of 4 bits (0 … 15) and bytes (−127 … 127), four inputs a lane. Without
// VNNI in int16, two sums a lane, which hold 16 products each.
#if HWY_TARGET == HWY_AVX3_DL
using ByteSums = V32;
HWY_INLINE ByteSums add_bytes(hn::Vec<DU8> codes, hn::Vec<DI8> values, ByteSums sums) {
  return V32{_mm512_dpbusd_epi32(sums.raw, codes.raw, values.raw)};
}
HWY_INLINE V32 sum_of(ByteSums sums) { return sums; }
#else
using ByteSums = V16;
HWY_INLINE ByteSums add_bytes(hn::Vec<DU8> codes, hn::Vec<DI8> values, ByteSums sums) {
#if SHOWO_X86_VECTORS && HWY_TARGET <= HWY_AVX3
  return sums + V16{_mm512_maddubs_epi16(codes.raw, values.raw)};
#elif SHOWO_X86_VECTORS && HWY_TARGET <= HWY_AVX2
  return sums + V16{_mm256_maddubs_epi16(codes.raw, values.raw)};
#elif SHOWO_X86_VECTORS
  return sums + V16{_mm_maddubs_epi16(codes.raw, values.raw)};
#else
  const auto pairs = hn::BitCast(DU16(), codes);
  const auto even = hn::BitCast(D16(), hn::And(pairs, hn::Set(DU16(), uint16_t{0xff}))),
             odd = hn::BitCast(D16(), hn::ShiftRight<8>(pairs));
  const auto of_pairs = hn::BitCast(D16(), values);
  return sums + even * hn::ShiftRight<8>(hn::ShiftLeft<8>(of_pairs)) +
         odd * hn::ShiftRight<8>(of_pairs);
#endif
}
HWY_INLINE V32 sum_of(ByteSums sums) {
  return add_pairs(sums, hn::Set(D16(), int16_t{1}), hn::Zero(D32()));
}
#endif

constexpr int64_t kAcross = kVectors == 1 ? 1 : 2;  // vectors of channels beside each other

// GCC would load all rows' values, and add up their products, ahead of the sums, which then leave
// their registers.
template <class V>
HWY_INLINE void keep_order(V (&sums)[kAcross]) {
#if SHOWO_X86_VECTORS && HWY_COMPILER_GCC_ACTUAL
  for (auto& sum : sums) asm volatile("" : "+x"(sum.raw) : : "memory");
#else
  (void)sums;
#endif
}

#endif  // HWY_SCALAR

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
