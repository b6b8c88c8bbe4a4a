#include "showo/lowbit/rounding.h"

#include <bit>
#include <cmath>
#include <limits>

#include "showo/lowbit/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/lowbit/rounding.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace showo::lowbit::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DW = hn::CappedTag<float, 16>;
using VW = hn::Vec<DW>;

// The nearest bfloat16 whose magnitude is not below: the largest weight keeps its place.
uint16_t bfloat16_up(float value) {
  return static_cast<uint16_t>((std::bit_cast<uint32_t>(value) + 0xffff) >> 16);
}

// How weights become codes: x / scale to the nearest, within bounds.
struct Rounding {
  VW scale, inverse, lowest, highest;

  Rounding(uint16_t bits_of_scale, int bits) {
    const DW d;
    const float value = std::bit_cast<float>(uint32_t{bits_of_scale} << 16);
    scale = hn::Set(d, value);
    inverse = hn::Set(d, value == 0 ? 0 : 1 / value);
    lowest = hn::Set(d, bits == 8 ? -127.F : -8.F);
    highest = hn::Set(d, bits == 8 ? 127.F : 7.F);
  }
  HWY_INLINE VW operator()(VW x) const {
    return hn::Min(hn::Max(hn::Round(x * inverse), lowest), highest);
  }
};

float squared_error(const float* x, int64_t count, const Rounding& rounding) {
  const DW d;
  auto error = hn::Zero(d);
  for (int64_t i = 0; i < count; i += hn::MaxLanes(d)) {
    const auto weight = hn::LoadU(d, x + i);
    const auto off = hn::NegMulAdd(rounding(weight), rounding.scale, weight);
    error = hn::MulAdd(off, off, error);
  }
  return hn::GetLane(hn::SumOfLanes(d, error));
}

bool round_group(const float* x, int64_t count, int bits, int8_t* codes, uint16_t* scale) {
  const DW d;
  auto highest = hn::Zero(d), lowest = hn::Zero(d), finite = hn::Zero(d);
  for (int64_t i = 0; i < count; i += hn::MaxLanes(d)) {
    const auto weight = hn::LoadU(d, x + i);
    highest = hn::Max(highest, weight);
    lowest = hn::Min(lowest, weight);
    finite = hn::MulAdd(weight, hn::Zero(d), finite);  // 0, or not a number
  }
  if (hn::GetLane(hn::SumOfLanes(d, finite)) != 0) return false;
  const float above = hn::GetLane(hn::MaxOfLanes(d, highest)),
              below = hn::GetLane(hn::MinOfLanes(d, lowest));
  const float largest = above >= -below ? above : below;
  if (bits == 8) {
    *scale = bfloat16_up(std::abs(largest) / 127);
  } else {
    // The largest weight takes the longer, negative side; a smaller scale may serve the others
    // better.
    float least = std::numeric_limits<float>::infinity();
    for (const float part : {8.F, 7.6F, 8.4F, 8.8F, 9.2F, 9.6F, 7.2F}) {
      const uint16_t candidate = bfloat16_up(-largest / part);
      const float error = squared_error(x, count, Rounding(candidate, bits));
      if (error < least) {
        least = error;
        *scale = candidate;
      }
    }
  }
  const Rounding rounding(*scale, bits);
  const hn::Rebind<int8_t, DW> narrow;
  for (int64_t i = 0; i < count; i += hn::MaxLanes(d)) {
    const auto code = hn::ConvertTo(hn::RebindToSigned<DW>(), rounding(hn::LoadU(d, x + i)));
    hn::StoreU(hn::DemoteTo(narrow, code), narrow, codes + i);
  }
  return true;
}

}  // namespace showo::lowbit::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo::lowbit {

HWY_EXPORT(round_group);

bool round_group(const float* x, int64_t count, int bits, int8_t* codes, uint16_t* scale) {
  return HWY_DYNAMIC_DISPATCH(round_group)(x, count, bits, codes, scale);
}

}  // namespace showo::lowbit
#endif
