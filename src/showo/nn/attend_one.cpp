#include "showo/nn/attend_one.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "showo/nn/attend_one.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After those, once for each target:
#include <hwy/contrib/math/math-inl.h>

#ifndef SHOWO_ATTEND_ONE_ONCE
#define SHOWO_ATTEND_ONE_ONCE
namespace showo {

// One head's keys or values: rows of float, or of bfloat16 as its bits, `step` elements apart.
template <class T>
struct HeadRows {
  const T* data;
  int64_t step;
  const T* row(int64_t s) const { return data + s * step; }
};

constexpr int64_t kHeadMultiple = 16;

}  // namespace showo
#endif

HWY_BEFORE_NAMESPACE();
namespace showo::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kHeadMultiple>;
using V = hn::Vec<D>;

HWY_INLINE V load(const float* x) { return hn::LoadU(D(), x); }
HWY_INLINE V load(const uint16_t* x) {
  const hn::RebindToUnsigned<D> wide;
  const hn::Rebind<uint16_t, D> narrow;
  return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(wide, hn::LoadU(narrow, x))));
}

// scores [S rounded up to 16] = q·k, −∞ beyond S; the largest is returned.
template <class T>
float scores_of(const float* q, const HeadRows<T>& keys, int64_t count, int64_t size,
                float* scores) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t s = 0; s < count; ++s) {
    const T* key = keys.row(s);
    auto sum = load(key) * load(q);
    for (int64_t i = lanes; i < size; i += lanes) sum = hn::MulAdd(load(key + i), load(q + i), sum);
    scores[s] = hn::GetLane(hn::SumOfLanes(d, sum));
    largest = std::max(largest, scores[s]);
  }
  std::fill(scores + count, scores + (count + kHeadMultiple - 1) / kHeadMultiple * kHeadMultiple,
            -std::numeric_limits<float>::infinity());
  return largest;
}

// Scores to exp(score − largest); their sum is returned.
HWY_INLINE float exponentials(float* scores, int64_t count, float largest) {
  const D d;
  auto sum = hn::Zero(d);
  for (int64_t s = 0; s < count; s += static_cast<int64_t>(hn::Lanes(d))) {
    // Far below, where the approximation is not defined, it is nothing.
    const auto below = hn::Max(load(scores + s) - hn::Set(d, largest), hn::Set(d, -80.F));
    const auto e = hn::IfThenElseZero(hn::Gt(below, hn::Set(d, -80.F)), hn::Exp(d, below));
    hn::StoreU(e, d, scores + s);
    sum = sum + e;
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

// out [size] = Σ weights[s]·values[s].
template <class T>
void weighted_sum(const float* weights, const HeadRows<T>& values, int64_t count, int64_t size,
                  float* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int64_t kVectors = 4;
  for (int64_t first = 0; first < size; first += kVectors * lanes) {
    const int64_t vectors = std::min(kVectors, (size - first) / lanes);
    V sums[kVectors] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    if (vectors == kVectors) {
      for (int64_t s = 0; s < count; ++s) {
        const auto weight = hn::Set(d, weights[s]);
        const T* value = values.row(s) + first;
        for (int64_t v = 0; v < kVectors; ++v)
          sums[v] = hn::MulAdd(weight, load(value + v * lanes), sums[v]);
      }
    } else {
      for (int64_t s = 0; s < count; ++s)
        for (int64_t v = 0; v < vectors; ++v)
          sums[v] =
              hn::MulAdd(hn::Set(d, weights[s]), load(values.row(s) + first + v * lanes), sums[v]);
    }
    for (int64_t v = 0; v < vectors; ++v) hn::StoreU(sums[v], d, out + first + v * lanes);
  }
}

template <class T>
void attend_head(const float* q, const HeadRows<T>& keys, const HeadRows<T>& values, int64_t count,
                 int64_t size, float* scores, float* out) {
  const float largest = scores_of(q, keys, count, size, scores);
  const float inverse = 1 / exponentials(scores, count, largest);
  weighted_sum(scores, values, count, size, out);
  for (int64_t i = 0; i < size; ++i) out[i] *= inverse;
}

void attend_float(const float* q, const HeadRows<float>& keys, const HeadRows<float>& values,
                  int64_t count, int64_t size, float* scores, float* out) {
  attend_head(q, keys, values, count, size, scores, out);
}
void attend_bfloat16(const float* q, const HeadRows<uint16_t>& keys,
                     const HeadRows<uint16_t>& values, int64_t count, int64_t size, float* scores,
                     float* out) {
  attend_head(q, keys, values, count, size, scores, out);
}

}  // namespace showo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo {

HWY_EXPORT(attend_float);
HWY_EXPORT(attend_bfloat16);

namespace {

void attend_head(const float* q, const HeadRows<float>& keys, const HeadRows<float>& values,
                 int64_t count, int64_t size, float* scores, float* out) {
  HWY_DYNAMIC_DISPATCH(attend_float)(q, keys, values, count, size, scores, out);
}
void attend_head(const float* q, const HeadRows<uint16_t>& keys, const HeadRows<uint16_t>& values,
                 int64_t count, int64_t size, float* scores, float* out) {
  HWY_DYNAMIC_DISPATCH(attend_bfloat16)(q, keys, values, count, size, scores, out);
}

// Bits: what the kernel sees of T.
template <class T, class Bits>
void attend_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& out) {
  const int64_t heads = q.size(1), size = q.size(3), count = k.size(2),
                shared = heads / k.size(1);  // by how many heads one of keys and values is
  const float scale = 1 / std::sqrt(static_cast<float>(size));
  const auto rows = [](const at::Tensor& t, int64_t b, int64_t h) {
    const auto* data = static_cast<const Bits*>(t.const_data_ptr());
    return HeadRows<Bits>{data + b * t.stride(0) + h * t.stride(1), t.stride(2)};
  };
  // Heads of a piece: so many that waking a thread costs little beside them.
  const int64_t grain = std::max<int64_t>(1, (1 << 14) / (count * size));
  at::parallel_for(0, q.size(0) * heads, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> query(size), mixed(size), scores(count + kHeadMultiple);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t b = i / heads, h = i % heads;
      const T* from = q.const_data_ptr<T>() + b * q.stride(0) + h * q.stride(1);
      for (int64_t c = 0; c < size; ++c) query[c] = static_cast<float>(from[c]) * scale;
      attend_head(query.data(), rows(k, b, h / shared), rows(v, b, h / shared), count, size,
                  scores.data(), mixed.data());
      T* to = out.data_ptr<T>() + i * size;
      for (int64_t c = 0; c < size; ++c) to[c] = static_cast<T>(mixed[c]);
    }
  });
}

}  // namespace

bool takes_one(const at::Tensor& q) {
  return q.is_cpu() && q.size(2) == 1 && q.size(3) % kHeadMultiple == 0 && !q.requires_grad() &&
         (q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16);
}

at::Tensor attend_one(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  TORCH_CHECK(q.size(1) % k.size(1) == 0 && v.size(1) == k.size(1) && k.size(0) == q.size(0) &&
                  v.sizes() == k.sizes() && k.size(3) == q.size(3),
              "attend_one: queries of ", q.sizes(), " do not fit keys of ", k.sizes());
  at::Tensor out = at::empty(q.sizes(), q.options());
  const auto dense = [](const at::Tensor& t) { return t.stride(3) == 1 ? t : t.contiguous(); };
  if (q.scalar_type() == at::kFloat) {
    attend_heads<float, float>(dense(q), dense(k), dense(v), out);
  } else {
    attend_heads<at::BFloat16, uint16_t>(dense(q), dense(k), dense(v), out);
  }
  return out;
}

}  // namespace showo
#endif
