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

// One head's keys or values of neighbouring tokens: rows of float, or of bfloat16 as its bits,
// `step` elements apart.
template <class T>
struct HeadRows {
  const T* data;
  int64_t step;
  const T* row(int64_t s) const { return data + s * step; }
};
template <class T>
struct HeadRun {
  HeadRows<T> keys, values;
  int64_t count;
};
template <class T>
using HeadRuns = std::vector<HeadRun<T>>;

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

// scores [count] = q·k; the largest is returned.
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

// out [size] += Σ weights[s]·values[s].
template <class T>
void weighted_sum(const float* weights, const HeadRows<T>& values, int64_t count, int64_t size,
                  float* out) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int64_t kVectors = 4;
  for (int64_t first = 0; first < size; first += kVectors * lanes) {
    const int64_t vectors = std::min(kVectors, (size - first) / lanes);
    V sums[kVectors] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    for (int64_t v = 0; v < vectors; ++v) sums[v] = load(out + first + v * lanes);
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
void attend_head(const float* q, const HeadRuns<T>& runs, int64_t size, float* scores, float* out) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  float largest = kNothing;
  int64_t count = 0;
  for (const HeadRun<T>& run : runs) {
    largest = std::max(largest, scores_of(q, run.keys, run.count, size, scores + count));
    count += run.count;
  }
  // Exponentials are taken a vector at a time.
  std::fill(scores + count, scores + (count + kHeadMultiple - 1) / kHeadMultiple * kHeadMultiple,
            kNothing);
  const float inverse = 1 / exponentials(scores, count, largest);
  std::fill(out, out + size, 0.F);
  for (const HeadRun<T>& run : runs) {
    weighted_sum(scores, run.values, run.count, size, out);
    scores += run.count;
  }
  for (int64_t i = 0; i < size; ++i) out[i] *= inverse;
}

void attend_float(const float* q, const HeadRuns<float>& runs, int64_t size, float* scores,
                  float* out) {
  attend_head(q, runs, size, scores, out);
}
void attend_bfloat16(const float* q, const HeadRuns<uint16_t>& runs, int64_t size, float* scores,
                     float* out) {
  attend_head(q, runs, size, scores, out);
}

}  // namespace showo::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace showo {

HWY_EXPORT(attend_float);
HWY_EXPORT(attend_bfloat16);

namespace {

void attend_head(const float* q, const HeadRuns<float>& runs, int64_t size, float* scores,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(attend_float)(q, runs, size, scores, out);
}
void attend_head(const float* q, const HeadRuns<uint16_t>& runs, int64_t size, float* scores,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(attend_bfloat16)(q, runs, size, scores, out);
}

// Runs of a sequence of one head; Bits: what the kernel sees of T.
template <class Bits>
HeadRuns<Bits> runs_of(const KeyRuns& runs, int64_t head) {
  const auto rows = [&](const at::Tensor& t) {
    return HeadRows<Bits>{static_cast<const Bits*>(t.const_data_ptr()) + head * t.stride(0),
                          t.stride(1)};
  };
  HeadRuns<Bits> result;
  for (const KeyRun& run : runs)
    result.push_back({rows(run.keys), rows(run.values), run.keys.size(1)});
  return result;
}

template <class T, class Bits>
void attend_heads(const at::Tensor& q, const std::vector<KeyRuns>& seen, at::Tensor& out) {
  const int64_t heads = q.size(0), size = q.size(2), sequences = q.size(1);
  std::vector<int64_t> counts;
  for (const KeyRuns& runs : seen) {
    int64_t& count = counts.emplace_back(0);
    for (const KeyRun& run : runs) count += run.keys.size(1);
  }
  const float scale = 1 / std::sqrt(static_cast<float>(size));
  const int64_t most = *std::max_element(counts.begin(), counts.end());
  // Heads of a piece: so many that waking a thread costs little beside them.
  const int64_t grain = std::max<int64_t>(1, (1 << 14) / (most * size));
  at::parallel_for(0, sequences * heads, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> query(size), mixed(size), scores(most + kHeadMultiple);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / heads, h = i % heads, shared = heads / seen[n][0].keys.size(0);
      const T* from = q.const_data_ptr<T>() + h * q.stride(0) + n * q.stride(1);
      for (int64_t c = 0; c < size; ++c) query[c] = static_cast<float>(from[c]) * scale;
      attend_head(query.data(), runs_of<Bits>(seen[n], h / shared), size, scores.data(),
                  mixed.data());
      T* to = out.data_ptr<T>() + i * size;
      for (int64_t c = 0; c < size; ++c) to[c] = static_cast<T>(mixed[c]);
    }
  });
}

at::Tensor dense(const at::Tensor& t) { return t.stride(-1) == 1 ? t : t.contiguous(); }

}  // namespace

bool takes_one(const at::Tensor& q) {
  return q.is_cpu() && q.size(2) == 1 && q.size(3) % kHeadMultiple == 0 && !q.requires_grad() &&
         (q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16);
}

at::Tensor attend_one(const at::Tensor& q, const std::vector<KeyRuns>& seen) {
  TORCH_CHECK(std::ssize(seen) == q.size(1) && !seen.empty(), "attend_one: ", seen.size(),
              " sequences for queries of ", q.sizes());
  std::vector<KeyRuns> rows;
  for (const KeyRuns& runs : seen) {
    KeyRuns& dense_runs = rows.emplace_back();
    for (const auto& [k, v] : runs) {
      TORCH_CHECK(q.size(0) % k.size(0) == 0 && k.sizes() == v.sizes() && k.size(2) == q.size(2) &&
                      k.scalar_type() == q.scalar_type() && v.scalar_type() == q.scalar_type(),
                  "attend_one: queries of ", q.sizes(), " do not fit keys of ", k.sizes());
      dense_runs.push_back({dense(k), dense(v)});
    }
    TORCH_CHECK(!runs.empty(), "attend_one: a query without keys");
  }
  at::Tensor out = at::empty({q.size(1), q.size(0), q.size(2)}, q.options());
  if (q.scalar_type() == at::kFloat) {
    attend_heads<float, float>(dense(q), rows, out);
  } else {
    attend_heads<at::BFloat16, uint16_t>(dense(q), rows, out);
  }
  return out;
}

at::Tensor attend_one(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  TORCH_CHECK(k.size(0) == q.size(0) && v.size(0) == q.size(0), "attend_one: queries of ",
              q.sizes(), " do not fit keys of ", k.sizes());
  std::vector<KeyRuns> seen;
  for (int64_t b = 0; b < q.size(0); ++b) seen.push_back({{k[b], v[b]}});
  return attend_one(q.squeeze(2).transpose(0, 1), seen).unsqueeze(2);
}

}  // namespace showo
#endif
