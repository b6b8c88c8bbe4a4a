#include "showo/nn/norm_rotate.h"

#include <ATen/Parallel.h>

#include "showo/nn/norm_rotate_gpu.h"

namespace showo {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kMaxHead = 256;  // elements of a head held on the stack

struct Shape {
  int64_t batch, tokens, heads, size, rotary;
  int64_t rows() const { return batch * tokens; }
};

// cos and sin are [B or 1, 1, T, R].
struct Angles {
  const float *cos, *sin;
  int64_t batch_step, rotary;
  Angles(const Tensor& c, const Tensor& s)
      : cos(c.const_data_ptr<float>()),
        sin(s.const_data_ptr<float>()),
        batch_step(c.size(0) == 1 ? 0 : c.size(2) * c.size(3)),
        rotary(c.size(3)) {}
  int64_t at(int64_t b, int64_t t) const { return b * batch_step + t * rotary; }
};

// The compiler vectorises these for the instruction sets named; the one that fits is taken at run
// time.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SHOWO_DISPATCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SHOWO_DISPATCH
#endif

// A sum over 0 … size−1 in sixteen lanes, which may run side by side.
template <class Term>
[[gnu::always_inline]] inline float sum_of(int64_t size, Term term) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes] = {}, sum = 0;
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  }
  for (; i < size; ++i) sum += term(i);
  for (const float lane : lanes) sum += lane;
  return sum;
}

// (x − mean)·rstd in place; returns rstd. RMSNorm does not centre: its mean counts as zero.
SHOWO_DISPATCH float standardise(float* x, int64_t size, float eps, bool centre) {
  const auto count = static_cast<float>(size);
  const float mean = centre ? sum_of(size, [=](int64_t i) { return x[i]; }) / count : 0;
  const float variance =
      sum_of(size, [=](int64_t i) { return (x[i] - mean) * (x[i] - mean); }) / count;
  const float rstd = 1 / std::sqrt(variance + eps);
  for (int64_t i = 0; i < size; ++i) x[i] = (x[i] - mean) * rstd;
  return rstd;
}

// Turns each pair (i, i + R/2) by its angle; backwards with sign −1.
SHOWO_DISPATCH void turn(float* __restrict x, const float* __restrict cos,
                         const float* __restrict sin, int64_t half, float sign) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cos[i] - sign * b * sin[i];
    x[i + half] = b * cos[i] + sign * a * sin[i];
  }
}

SHOWO_DISPATCH void scale_shift(float* __restrict x, const float* __restrict weight,
                                const float* __restrict bias, int64_t size) {
  for (int64_t i = 0; i < size; ++i) x[i] = x[i] * weight[i] + bias[i];
}

// The gradient of the norm for one vector: `g` comes in as that of the result and leaves as that
// of x.
SHOWO_DISPATCH void norm_backward(float* __restrict g, const float* __restrict xhat,
                                  const float* __restrict weight, float rstd,
                                  float* __restrict weight_grad, float* __restrict bias_grad,
                                  int64_t size, bool centre) {
  for (int64_t i = 0; i < size; ++i) {
    weight_grad[i] += g[i] * xhat[i];
    bias_grad[i] += g[i];
    g[i] *= weight[i];
  }
  const auto count = static_cast<float>(size);
  const float mean = centre ? sum_of(size, [=](int64_t i) { return g[i]; }) / count : 0;
  const float along = sum_of(size, [=](int64_t i) { return g[i] * xhat[i]; }) / count;
  for (int64_t i = 0; i < size; ++i) g[i] = (g[i] - mean - xhat[i] * along) * rstd;
}

template <class T>
void widen(const T* from, float* to, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] = static_cast<float>(from[i]);
}

template <class T>
void narrow(const float* from, T* to, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] = static_cast<T>(from[i]);
}

Shape shape_of(const Tensor& x, const Tensor& cos) {
  return {x.size(0), x.size(1), x.size(2), x.size(3), cos.size(3)};
}

struct NormRotate : torch::autograd::Function<NormRotate> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x_any, const Tensor& weight,
                        const Tensor& bias, const Tensor& cos, const Tensor& sin, double eps,
                        bool centre) {
    at::AutoDispatchBelowAutograd below;
    const auto x = x_any.contiguous();
    ctx->save_for_backward({x, weight, cos, sin});
    ctx->saved_data["eps"] = eps;
    ctx->saved_data["centre"] = centre;
    if (x.is_cuda()) return norm_rotate_gpu(x, weight, bias, cos, sin, eps);
    const Shape s = shape_of(x, cos);
    auto result = at::empty({s.batch, s.heads, s.tokens, s.size}, x.options());
    const Angles angles(cos, sin);
    const auto *w = weight.const_data_ptr<float>(), *b = bias.const_data_ptr<float>();
    AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, x.scalar_type(), "norm_rotate", [&] {
      const auto* from = x.const_data_ptr<scalar_t>();
      auto* to = result.mutable_data_ptr<scalar_t>();
      at::parallel_for(0, s.rows(), 64, [&](int64_t begin, int64_t end) {
        float v[kMaxHead];
        for (int64_t row = begin; row < end; ++row) {
          const int64_t batch = row / s.tokens, token = row % s.tokens,
                        angle = angles.at(batch, token);
          for (int64_t head = 0; head < s.heads; ++head) {
            widen(from + (row * s.heads + head) * s.size, v, s.size);
            standardise(v, s.size, static_cast<float>(eps), centre);
            scale_shift(v, w, b, s.size);
            turn(v, angles.cos + angle, angles.sin + angle, s.rotary / 2, 1);
            narrow(v, to + ((batch * s.heads + head) * s.tokens + token) * s.size, s.size);
          }
        }
      });
    });
    return result;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &cos = saved[2], &sin = saved[3];
    const auto eps = static_cast<float>(ctx->saved_data["eps"].toDouble());
    const bool centre = ctx->saved_data["centre"].toBool();
    const Shape s = shape_of(x, cos);
    const auto grad = grads[0].to(x.scalar_type()).contiguous();
    if (x.is_cuda()) {
      const auto found = norm_rotate_gpu_backward(grad, x, weight, cos, sin, eps);
      return {found.x_BTHD, found.weight, found.bias, {}, {}, {}, {}};
    }
    auto x_grad = at::empty_like(x);
    const Angles angles(cos, sin);
    const auto* w = weight.const_data_ptr<float>();
    // One pair of sums a block of rows, whatever the number of threads: the result is the same on
    // every machine.
    constexpr int64_t kBlock = 128;
    const int64_t blocks = (s.rows() + kBlock - 1) / kBlock;
    auto sums = at::zeros({2, blocks, s.size});
    float* weight_sums = sums.mutable_data_ptr<float>();
    float* bias_sums = weight_sums + blocks * s.size;
    AT_DISPATCH_FLOATING_TYPES_AND2(
        at::kBFloat16, at::kHalf, x.scalar_type(), "norm_rotate_backward", [&] {
          const auto* from = x.const_data_ptr<scalar_t>();
          const auto* g = grad.const_data_ptr<scalar_t>();
          auto* to = x_grad.mutable_data_ptr<scalar_t>();
          at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
            float xhat[kMaxHead], v[kMaxHead];
            for (int64_t block = begin; block < end; ++block) {
              for (int64_t row = block * kBlock; row < std::min(s.rows(), (block + 1) * kBlock);
                   ++row) {
                const int64_t batch = row / s.tokens, token = row % s.tokens,
                              angle = angles.at(batch, token);
                for (int64_t head = 0; head < s.heads; ++head) {
                  const int64_t at = (row * s.heads + head) * s.size;
                  widen(from + at, xhat, s.size);
                  const float rstd = standardise(xhat, s.size, eps, centre);
                  widen(g + ((batch * s.heads + head) * s.tokens + token) * s.size, v, s.size);
                  turn(v, angles.cos + angle, angles.sin + angle, s.rotary / 2, -1);
                  norm_backward(v, xhat, w, rstd, weight_sums + block * s.size,
                                bias_sums + block * s.size, s.size, centre);
                  narrow(v, to + at, s.size);
                }
              }
            }
          });
        });
    return {x_grad, sums[0].sum(0), centre ? sums[1].sum(0) : Tensor(), {}, {}, {}, {}};
  }
};

}  // namespace

Tensor norm_rotate(const Tensor& x, LayerNorm& norm, const Rope& rope) {
  if (norm.is_empty()) return rope.rotate(x.transpose(1, 2)).contiguous();
  const bool centre = norm->kind == NormKind::kLayer;
  const bool on_cpu = x.is_cpu() && x.scalar_type() != torch::kDouble && x.size(3) <= kMaxHead;
  const bool on_gpu = takes_gpu(x) && centre;
  if (!on_cpu && !on_gpu) return rope.rotate(norm(x.transpose(1, 2))).to(x.scalar_type());
  const auto cos = rope.cos_B1TR.contiguous(), sin = rope.sin_B1TR.contiguous();
  if (on_gpu && !torch::GradMode::is_enabled() && norm->weight.scalar_type() == x.scalar_type())
    return norm_rotate_gpu(x, norm->weight, norm->bias, cos, sin, norm->eps);
  const auto bias = centre ? norm->bias : torch::zeros_like(norm->weight.detach());
  return NormRotate::apply(x, norm->weight.to(torch::kFloat), bias.to(torch::kFloat), cos, sin,
                           norm->eps, centre);
}

}  // namespace showo
