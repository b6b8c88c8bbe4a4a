#include "showo/lowbit/rows.h"

#include <algorithm>

#include "showo/lowbit/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace showo::lowbit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors of float from float or bfloat16, and back. Rows end where they may: `count` lanes.
using DR = hn::CappedTag<float, 16>;
using VR = hn::Vec<DR>;
using DRU16 = hn::Rebind<uint16_t, DR>;
using DRU32 = hn::RebindToUnsigned<DR>;

HWY_INLINE VR load(const float* x) { return hn::LoadU(DR(), x); }
HWY_INLINE VR load(const uint16_t* x) {
  const auto wide = hn::PromoteTo(DRU32(), hn::LoadU(DRU16(), x));
  return hn::BitCast(DR(), hn::ShiftLeft<16>(wide));
}
HWY_INLINE void store(VR v, float* to) { hn::StoreU(v, DR(), to); }
HWY_INLINE void store(VR v, uint16_t* to) {  // to the nearest, ties to even
  const DRU32 d;
  const auto bits = hn::BitCast(d, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1u));
  const auto up = hn::ShiftRight<16>(bits + odd + hn::Set(d, 0x7fffu));
  hn::StoreU(hn::TruncateTo(DRU16(), up), DRU16(), to);
}

// act(i) for whole vectors of a row; what is left of it goes through a copy padded with zeros.
template <class T, class Act>
HWY_INLINE void over_row(const T* x, int64_t count, Act act) {
  const DR d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) act(i, load(x + i));
  if (i == count) return;
  T rest[hn::MaxLanes(d)] = {};
  std::copy(x + i, x + count, rest);
  act(i, load(rest));
}

template <class T>
float largest_of(const T* x, int64_t count) {
  auto largest = hn::Zero(DR());
  over_row(x, count, [&](int64_t, VR v) HWY_ATTR { largest = hn::Max(largest, hn::Abs(v)); });
  return hn::GetLane(hn::MaxOfLanes(DR(), largest));
}

// x to integers of Code with `scale` so that the largest becomes `most`; `padded` is a multiple of
// what over_row writes.
template <class Code, class T>
void to_integers(const T* x, int64_t count, int64_t padded, int most, Code* to, float* scale) {
  const hn::Rebind<Code, DR> narrow;
  const float largest = largest_of(x, count);
  *scale = largest / static_cast<float>(most);
  const auto inverse = hn::Set(DR(), largest > 0 ? static_cast<float>(most) / largest : 0.F);
  std::fill(to + count, to + padded, Code{0});
  over_row(x, count, [&](int64_t i, VR v) HWY_ATTR {
    hn::StoreU(hn::DemoteTo(narrow, hn::NearestInt(v * inverse)), narrow, to + i);
  });
}

template <class T>
void steps_of_row(const T* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                  int32_t* sums) {
  for (int64_t i = 0; i < padded; i += kStep) {
    const int64_t left = std::clamp<int64_t>(count - i, 0, kStep);
    to_integers(x + i, left, kStep, 127, values + i, scales + i / kStep);
    int32_t sum = 0;
    for (int64_t j = i; j < i + kStep; ++j) sum += values[j];
    sums[i / kStep] = sum;
  }
}

// x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, as x/(1 + exp(−2·…)).
HWY_INLINE VR gelu_of(VR x) {
  const DR d;
  const auto inner = x * hn::MulAdd(x * x, hn::Set(d, 0.044715F), hn::Set(d, 1.F));
  const auto power = hn::Min(inner * hn::Set(d, -1.5957691F), hn::Set(d, 80.F));
  return x / (hn::Set(d, 1.F) + hn::Exp(d, power));
}

template <bool kGelu, class T>
void offset_to(const float* products, const float* offsets, int64_t count, T* to) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(DR()));
  const auto moved = [&](const float* x, const float* b) HWY_ATTR {
    const auto y = load(x) + load(b);
    if constexpr (kGelu) return gelu_of(y);
    return y;
  };
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(moved(products + i, offsets + i), to + i);
  if (i == count) return;
  float x[hn::MaxLanes(DR())] = {}, b[hn::MaxLanes(DR())] = {};
  T rest[hn::MaxLanes(DR())];
  std::copy(products + i, products + count, x);
  std::copy(offsets + i, offsets + count, b);
  store(moved(x, b), rest);
  std::copy_n(rest, count - i, to + i);
}

template <bool kGelu, class T>
void scale_to(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
              int64_t count, T* to) {
  const DR d;
  const hn::RebindToSigned<DR> di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto of_row = hn::Set(d, row_scale);
  const auto scaled = [&](const int32_t* s, const float* w, const float* b) HWY_ATTR {
    const auto y =
        hn::MulAdd(hn::ConvertTo(d, hn::LoadU(di, s)), hn::LoadU(d, w) * of_row, hn::LoadU(d, b));
    if constexpr (kGelu) return gelu_of(y);
    return y;
  };
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) store(scaled(sums + i, scales + i, offsets + i), to + i);
  if (i == count) return;
  int32_t s[hn::MaxLanes(d)] = {};
  float w[hn::MaxLanes(d)] = {}, b[hn::MaxLanes(d)] = {};
  T rest[hn::MaxLanes(d)];
  std::copy(sums + i, sums + count, s);
  std::copy(scales + i, scales + count, w);
  std::copy(offsets + i, offsets + count, b);
  store(scaled(s, w, b), rest);
  std::copy_n(rest, count - i, to + i);
}

void int16_of_float(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale) {
  to_integers(x, count, padded, kActivationMax, values, scale);
}
void int16_of_bfloat16(const uint16_t* x, int64_t count, int64_t padded, int16_t* values,
                       float* scale) {
  to_integers(x, count, padded, kActivationMax, values, scale);
}
void int8_of_float(const float* x, int64_t count, int64_t padded, int8_t* values, float* scale) {
  to_integers(x, count, padded, 127, values, scale);
}
void int8_of_bfloat16(const uint16_t* x, int64_t count, int64_t padded, int8_t* values,
                      float* scale) {
  to_integers(x, count, padded, 127, values, scale);
}
void steps_of_float(const float* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                    int32_t* sums) {
  steps_of_row(x, count, padded, values, scales, sums);
}
void steps_of_bfloat16(const uint16_t* x, int64_t count, int64_t padded, int8_t* values,
                       float* scales, int32_t* sums) {
  steps_of_row(x, count, padded, values, scales, sums);
}
void scale_to_float(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                    int64_t count, bool gelu, float* to) {
  gelu ? scale_to<true>(sums, scales, row_scale, offsets, count, to)
       : scale_to<false>(sums, scales, row_scale, offsets, count, to);
}
void scale_to_bfloat16(const int32_t* sums, const float* scales, float row_scale,
                       const float* offsets, int64_t count, bool gelu, uint16_t* to) {
  gelu ? scale_to<true>(sums, scales, row_scale, offsets, count, to)
       : scale_to<false>(sums, scales, row_scale, offsets, count, to);
}
void offset_to_float(const float* products, const float* offsets, int64_t count, bool gelu,
                     float* to) {
  gelu ? offset_to<true>(products, offsets, count, to)
       : offset_to<false>(products, offsets, count, to);
}
void offset_to_bfloat16(const float* products, const float* offsets, int64_t count, bool gelu,
                        uint16_t* to) {
  gelu ? offset_to<true>(products, offsets, count, to)
       : offset_to<false>(products, offsets, count, to);
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(int16_of_float);
HWY_EXPORT(int16_of_bfloat16);
HWY_EXPORT(int8_of_float);
HWY_EXPORT(int8_of_bfloat16);
HWY_EXPORT(steps_of_float);
HWY_EXPORT(steps_of_bfloat16);
HWY_EXPORT(scale_to_float);
HWY_EXPORT(scale_to_bfloat16);
HWY_EXPORT(offset_to_float);
HWY_EXPORT(offset_to_bfloat16);

void round_row(const float* x, int64_t count, int64_t padded, int16_t* values, float* scale) {
  HWY_DYNAMIC_DISPATCH(int16_of_float)(x, count, padded, values, scale);
}

void round_row(const uint16_t* x, int64_t count, int64_t padded, int16_t* values, float* scale) {
  HWY_DYNAMIC_DISPATCH(int16_of_bfloat16)(x, count, padded, values, scale);
}

void round_row(const float* x, int64_t count, int64_t padded, int8_t* values, float* scale) {
  HWY_DYNAMIC_DISPATCH(int8_of_float)(x, count, padded, values, scale);
}

void round_row(const uint16_t* x, int64_t count, int64_t padded, int8_t* values, float* scale) {
  HWY_DYNAMIC_DISPATCH(int8_of_bfloat16)(x, count, padded, values, scale);
}

void round_steps(const float* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                 int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(steps_of_float)(x, count, padded, values, scales, sums);
}

void round_steps(const uint16_t* x, int64_t count, int64_t padded, int8_t* values, float* scales,
                 int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(steps_of_bfloat16)(x, count, padded, values, scales, sums);
}

void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, float* to) {
  HWY_DYNAMIC_DISPATCH(scale_to_float)(sums, scales, row_scale, offsets, count, gelu, to);
}

void scale_sums(const int32_t* sums, const float* scales, float row_scale, const float* offsets,
                int64_t count, bool gelu, uint16_t* to) {
  HWY_DYNAMIC_DISPATCH(scale_to_bfloat16)(sums, scales, row_scale, offsets, count, gelu, to);
}

void offset_products(const float* products, const float* offsets, int64_t count, bool gelu,
                     float* to) {
  HWY_DYNAMIC_DISPATCH(offset_to_float)(products, offsets, count, gelu, to);
}

void offset_products(const float* products, const float* offsets, int64_t count, bool gelu,
                     uint16_t* to) {
  HWY_DYNAMIC_DISPATCH(offset_to_bfloat16)(products, offsets, count, gelu, to);
}

}  // namespace showo::lowbit
#endif
