#include "showo/nn/norm_rotate_gpu.h"

#include <fmt/format.h>

#include <limits>

#include "showo/nn/gpu_values.h"

namespace showo {
namespace {

// A lane holds the elements lane, lane + 32, … of its head, kMost at most, which is put before it.
constexpr const char* kSource = R"cuda(
constexpr int kWarps = 8;  // a block
constexpr unsigned kAll = 0xffffffffu;

struct Shape {
  int batch, tokens, heads, size, rotary;
  int narrow;              // weight and bias are Values, not float
  long long token_stride;  // between tokens of x
  long long angle_stride;  // between rows of a batch of cos and sin; 0: they share one
  float eps;
};

__device__ float at(const void* weights, int i, const Shape& s) {
  return s.narrow ? load(((const Value*)weights)[i]) : ((const float*)weights)[i];
}

__device__ float sum(float value) {
  for (int other = 16; other > 0; other /= 2) value += __shfl_xor_sync(kAll, value, other);
  return value;
}

// (x − mean)·rstd of a head, in place; the places beyond its size stay 0. Returns rstd.
__device__ float standardise(float* x, const Shape& s, int lane) {
  float total = 0;
  for (int j = 0; j < kMost; ++j) total += x[j];
  const float mean = sum(total) / s.size;
  float squares = 0;
  for (int j = 0; j < kMost; ++j) {
    x[j] = lane + 32 * j < s.size ? x[j] - mean : 0;
    squares += x[j] * x[j];
  }
  const float rstd = rsqrtf(sum(squares) / s.size + s.eps);
  for (int j = 0; j < kMost; ++j) x[j] *= rstd;
  return rstd;
}

// Turns each pair (i, i + R/2) by its angle, backwards with sign −1. `shared` has room for a head.
__device__ void turn(float* x, float* shared, const float* cos, const float* sin, const Shape& s,
                     int lane, float sign) {
  const int half = s.rotary / 2;
  __syncwarp();
  for (int j = 0; j < kMost; ++j)
    if (lane + 32 * j < s.rotary) shared[lane + 32 * j] = x[j];
  __syncwarp();
  for (int j = 0; j < kMost; ++j) {
    const int i = lane + 32 * j;
    if (i < half) x[j] = x[j] * cos[i] - sign * shared[i + half] * sin[i];
    else if (i < s.rotary) x[j] = x[j] * cos[i] + sign * shared[i - half] * sin[i];
  }
}

extern "C" __global__ void forward(const Value* x, const void* weight, const void* bias,
                                   const float* cos, const float* sin, Value* out, Shape s) {
  __shared__ float shared[kWarps][32 * kMost];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int row = blockIdx.x * kWarps + warp;  // (batch·token)·head
  if (row >= s.batch * s.tokens * s.heads) return;
  const int head = row % s.heads, place = row / s.heads, batch = place / s.tokens,
            token = place % s.tokens;
  const Value* from = x + place * s.token_stride + head * s.size;
  float v[kMost];
  for (int j = 0; j < kMost; ++j) v[j] = lane + 32 * j < s.size ? load(from[lane + 32 * j]) : 0;
  standardise(v, s, lane);
  for (int j = 0; j < kMost; ++j) {
    const int i = lane + 32 * j;
    if (i < s.size) v[j] = v[j] * at(weight, i, s) + at(bias, i, s);
  }
  const long long angle = batch * s.angle_stride + token * s.rotary;
  turn(v, shared[warp], cos + angle, sin + angle, s, lane, 1);
  Value* to = out + (((long long)batch * s.heads + head) * s.tokens + token) * s.size;
  for (int j = 0; j < kMost; ++j)
    if (lane + 32 * j < s.size) to[lane + 32 * j] = store(v[j]);
}

// Blocks take rows in turns and leave their sums of the weight's and the bias's gradient.
extern "C" __global__ void backward(const Value* grad, const Value* x, const void* weight,
                                    const float* cos, const float* sin, Value* x_grad,
                                    float* weight_sums, float* bias_sums, Shape s) {
  __shared__ float shared[kWarps][32 * kMost];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  float weight_grad[kMost] = {}, bias_grad[kMost] = {};
  const int rows = s.batch * s.tokens * s.heads;
  for (int row = blockIdx.x * kWarps + warp; row < rows; row += gridDim.x * kWarps) {
    const int head = row % s.heads, place = row / s.heads, batch = place / s.tokens,
              token = place % s.tokens;
    const Value* from = x + place * s.token_stride + head * s.size;
    const Value* above =
        grad + (((long long)batch * s.heads + head) * s.tokens + token) * s.size;
    float v[kMost], g[kMost];
    for (int j = 0; j < kMost; ++j) {
      const bool there = lane + 32 * j < s.size;
      v[j] = there ? load(from[lane + 32 * j]) : 0;
      g[j] = there ? load(above[lane + 32 * j]) : 0;
    }
    const float rstd = standardise(v, s, lane);
    const long long angle = batch * s.angle_stride + token * s.rotary;
    turn(g, shared[warp], cos + angle, sin + angle, s, lane, -1);
    float mean = 0, along = 0;
    for (int j = 0; j < kMost; ++j) {
      const int i = lane + 32 * j;
      weight_grad[j] += g[j] * v[j];
      bias_grad[j] += g[j];
      g[j] *= i < s.size ? at(weight, i, s) : 0;
      mean += g[j];
      along += g[j] * v[j];
    }
    mean = sum(mean) / s.size;
    along = sum(along) / s.size;
    Value* to = x_grad + ((long long)place * s.heads + head) * s.size;
    for (int j = 0; j < kMost; ++j)
      if (lane + 32 * j < s.size) to[lane + 32 * j] = store((g[j] - mean - v[j] * along) * rstd);
  }
  for (int part = 0; part < 2; ++part) {
    __syncthreads();
    for (int j = 0; j < kMost; ++j)
      shared[warp][lane + 32 * j] = part ? bias_grad[j] : weight_grad[j];
    __syncthreads();
    float* to = (part ? bias_sums : weight_sums) + blockIdx.x * s.size;
    for (int i = threadIdx.x; i < s.size; i += blockDim.x) {
      float total = 0;
      for (int w = 0; w < kWarps; ++w) total += shared[w][i];
      to[i] = total;
    }
  }
}
)cuda";

// Those for heads of up to 32, 64, 128 and 256 elements.
GpuKernels& kernels_for(const Tensor& x) {
  const auto source = [](int most) {
    return fmt::format("constexpr int kMost = {};\n{}", most, kSource);
  };
  static GpuValues one(source(1)), two(source(2)), four(source(4)), eight(source(8));
  const int64_t size = x.size(3);
  return (size <= 32 ? one : size <= 64 ? two : size <= 128 ? four : eight).of(x.scalar_type());
}

constexpr int64_t kMostElements = 256, kWarps = 8, kBlocksOfSums = 512;

struct Shape {
  int batch, tokens, heads, size, rotary, narrow;
  int64_t token_stride, angle_stride;
  float eps;
};

Shape shape_of(const Tensor& x, const Tensor& weight, const Tensor& cos, double eps) {
  const int64_t angle_stride = cos.size(0) == 1 ? 0 : cos.size(2) * cos.size(3);
  const auto whole = [](int64_t value) { return static_cast<int>(value); };
  return {whole(x.size(0)), whole(x.size(1)),   whole(x.size(2)),
          whole(x.size(3)), whole(cos.size(3)), weight.scalar_type() == at::kFloat ? 0 : 1,
          x.stride(1),      angle_stride,       static_cast<float>(eps)};
}

// Heads lie side by side, and tokens at one distance through the whole batch.
bool lies_well(const Tensor& x) {
  return x.stride(3) == 1 && x.stride(2) == x.size(3) &&
         (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
}

}  // namespace

bool takes_gpu(const Tensor& x) {
  return x.is_cuda() && x.numel() > 0 && x.size(3) <= kMostElements &&
         x.numel() / x.size(3) < std::numeric_limits<int>::max() &&
         GpuValues::knows(x.scalar_type()) && kernels_for(x).usable(x.device());
}

Tensor norm_rotate_gpu(const Tensor& x_any, const Tensor& weight, const Tensor& bias,
                       const Tensor& cos, const Tensor& sin, double eps) {
  const Tensor x = lies_well(x_any) ? x_any : x_any.contiguous();
  Shape shape = shape_of(x, weight, cos, eps);
  Tensor out = at::empty({shape.batch, shape.heads, shape.tokens, shape.size}, x.options());
  const void *from = x.const_data_ptr(), *w = weight.const_data_ptr(), *b = bias.const_data_ptr(),
             *c = cos.const_data_ptr(), *s = sin.const_data_ptr();
  void* to = out.mutable_data_ptr();
  void* arguments[] = {&from, &w, &b, &c, &s, &to, &shape};
  const int64_t rows = int64_t{shape.batch} * shape.tokens * shape.heads;
  kernels_for(x).launch("forward", x.device(), (rows + kWarps - 1) / kWarps, 32 * kWarps,
                        arguments);
  return out;
}

NormRotateGradients norm_rotate_gpu_backward(const Tensor& grad, const Tensor& x,
                                             const Tensor& weight, const Tensor& cos,
                                             const Tensor& sin, double eps) {
  Shape shape = shape_of(x, weight, cos, eps);
  const int64_t rows = int64_t{shape.batch} * shape.tokens * shape.heads,
                blocks = std::min(kBlocksOfSums, (rows + kWarps - 1) / kWarps);
  Tensor x_grad = at::empty_like(x),
         sums = at::empty({2, blocks, shape.size}, x.options().dtype(at::kFloat));
  const void *above = grad.const_data_ptr(), *from = x.const_data_ptr(),
             *w = weight.const_data_ptr(), *c = cos.const_data_ptr(), *s = sin.const_data_ptr();
  void *to = x_grad.mutable_data_ptr(), *weight_sums = sums.mutable_data_ptr(),
       *bias_sums = sums[1].mutable_data_ptr();
  void* arguments[] = {&above, &from, &w, &c, &s, &to, &weight_sums, &bias_sums, &shape};
  kernels_for(x).launch("backward", x.device(), blocks, 32 * kWarps, arguments);
  return {x_grad, sums[0].sum(0), sums[1].sum(0)};
}

}  // namespace showo
