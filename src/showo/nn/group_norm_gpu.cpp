#include "showo/nn/group_norm_gpu.h"

#include <limits>

#include "showo/nn/gpu_values.h"

namespace showo {
namespace {

// Three kernels: parts of each picture are measured, the parts' figures put together, and every
// pixel normed. A block takes some pixels of a picture with all their channels. It has 256 threads;
// a thread has the same channels of every pixel that it reads.
constexpr const char* kSource = R"cuda(
constexpr int kThreads = 256, kMostChannels = 8;  // a thread

struct Shape {
  int pictures, pixels, channels, groups;
  int measured, parts;  // pixels of a part, and parts of a picture
  int normed, blocks;   // pixels of a block that norms, and blocks of a picture
  float eps;
  int narrow;  // weight and bias are Values, not float
  int swish;
};

__device__ float at(const void* weights, int i, const Shape& s) {
  return s.narrow ? load(((const Value*)weights)[i]) : ((const float*)weights)[i];
}

// Each block's mean and sum of squared differences from it, by group.
extern "C" __global__ void measure(const Value* x, float* means, float* squares, Shape s) {
  __shared__ float sums[kThreads * kMostChannels], powers[kThreads * kMostChannels];
  const int side = min(s.channels, kThreads), lanes = kThreads / side, each = s.channels / side,
            lane = threadIdx.x / side, first = threadIdx.x % side;
  const int picture = blockIdx.x / s.parts, part = blockIdx.x % s.parts,
            begin = part * s.measured, end = min(begin + s.measured, s.pixels);
  const Value* from = x + (long long)picture * s.pixels * s.channels;
  for (int j = 0; j < each; ++j) {
    const int channel = first + j * side;
    float sum = 0, power = 0;
    for (int p = begin + lane; p < end; p += lanes) {
      const float v = load(from[(long long)p * s.channels + channel]);
      sum += v;
      power += v * v;
    }
    sums[lane * s.channels + channel] = sum;
    powers[lane * s.channels + channel] = power;
  }
  __syncthreads();
  const int width = s.channels / s.groups;
  for (int group = threadIdx.x; group < s.groups; group += kThreads) {
    float sum = 0, power = 0;
    for (int l = 0; l < lanes; ++l)
      for (int c = group * width; c < (group + 1) * width; ++c) {
        sum += sums[l * s.channels + c];
        power += powers[l * s.channels + c];
      }
    const float count = (float)((end - begin) * width), mean = sum / count;
    means[blockIdx.x * s.groups + group] = mean;
    squares[blockIdx.x * s.groups + group] = fmaxf(power - sum * mean, 0.0f);
  }
}

// The parts' means and squares become their picture's (Chan et al. 1983): one warp a group, whose
// mean and 1/deviation take the place of its first part's figures.
extern "C" __global__ void gather(float* means, float* squares, Shape s) {
  const int warp = (blockIdx.x * kThreads + threadIdx.x) / 32, lane = threadIdx.x % 32;
  const int picture = warp / s.groups, group = warp % s.groups, width = s.channels / s.groups;
  const bool there = picture < s.pictures;
  const long long at = (long long)picture * s.parts * s.groups + group;
  float mean = 0;
  for (int part = lane; there && part < s.parts; part += 32) {
    const int count = min((part + 1) * s.measured, s.pixels) - part * s.measured;
    mean += (float)count / s.pixels * means[at + part * s.groups];
  }
  for (int other = 16; other > 0; other /= 2) mean += __shfl_xor_sync(0xffffffffu, mean, other);
  float square = 0;
  for (int part = lane; there && part < s.parts; part += 32) {
    const int count = min((part + 1) * s.measured, s.pixels) - part * s.measured;
    const float apart = means[at + part * s.groups] - mean;
    square += squares[at + part * s.groups] + (float)count * width * apart * apart;
  }
  for (int other = 16; other > 0; other /= 2) square += __shfl_xor_sync(0xffffffffu, square, other);
  __syncwarp();
  if (!there || lane > 0) return;
  means[at] = mean;
  squares[at] = rsqrtf(square / ((float)s.pixels * width) + s.eps);
}

extern "C" __global__ void apply(const Value* x, const float* means, const float* rstds,
                                const void* weight, const void* bias, Value* out, Shape s) {
  const int side = min(s.channels, kThreads), lanes = kThreads / side, each = s.channels / side,
            lane = threadIdx.x / side, first = threadIdx.x % side, width = s.channels / s.groups;
  const int picture = blockIdx.x / s.blocks, block = blockIdx.x % s.blocks,
            begin = block * s.normed, end = min(begin + s.normed, s.pixels);
  const long long start = (long long)picture * s.pixels * s.channels,
                  figures = (long long)picture * s.parts * s.groups;
  for (int j = 0; j < each; ++j) {
    const int channel = first + j * side, group = channel / width;
    const float scale = rstds[figures + group] * at(weight, channel, s),
                shift = at(bias, channel, s) - means[figures + group] * scale;
    for (int p = begin + lane; p < end; p += lanes) {
      const long long i = start + (long long)p * s.channels + channel;
      float v = load(x[i]) * scale + shift;
      if (s.swish) v = v / (1 + __expf(-v));
      out[i] = store(v);
    }
  }
}
)cuda";

constexpr int64_t kThreads = 256, kMostChannels = 8;

struct Shape {
  int pictures, pixels, channels, groups, measured, parts, normed, blocks;
  float eps;
  int narrow, swish;
};

// Parts large enough to be worth a block's start, and enough of them for all of a GPU.
int pixels_of_part(int64_t pixels, int64_t parts, int64_t least) {
  return static_cast<int>(std::max(least, (pixels + parts - 1) / parts));
}

Shape shape_of(const torch::Tensor& x, int64_t groups) {
  Shape shape{};
  shape.pictures = static_cast<int>(x.size(0));
  shape.pixels = static_cast<int>(x.size(2) * x.size(3));
  shape.channels = static_cast<int>(x.size(1));
  shape.groups = static_cast<int>(groups);
  shape.measured = pixels_of_part(shape.pixels, 256, 8);
  shape.parts = (shape.pixels + shape.measured - 1) / shape.measured;
  shape.normed = pixels_of_part(shape.pixels, 2048, 4);
  shape.blocks = (shape.pixels + shape.normed - 1) / shape.normed;
  return shape;
}

GpuKernels& kernels(at::ScalarType dtype) {
  static GpuValues kernels(kSource);
  return kernels.of(dtype);
}

}  // namespace

bool group_norm_takes_gpu(const torch::Tensor& x, int64_t groups) {
  if (!x.is_cuda() || x.dim() != 4 || x.numel() == 0) return false;
  const int64_t channels = x.size(1);
  const bool fits = kThreads % channels == 0 ||
                    (channels % kThreads == 0 && channels <= kThreads * kMostChannels);
  return fits && groups <= kThreads && channels % groups == 0 &&
         x.numel() / channels < std::numeric_limits<int>::max() &&
         x.is_contiguous(torch::MemoryFormat::ChannelsLast) && GpuValues::knows(x.scalar_type()) &&
         kernels(x.scalar_type()).usable(x.device());
}

torch::Tensor group_norm_gpu(const torch::Tensor& x, int64_t groups, const torch::Tensor& weight,
                             const torch::Tensor& bias, double eps, bool swish) {
  Shape shape = shape_of(x, groups);
  shape.eps = static_cast<float>(eps);
  shape.narrow = weight.scalar_type() != torch::kFloat;
  shape.swish = swish;
  const int64_t parts = int64_t{shape.pictures} * shape.parts,
                warps = int64_t{shape.pictures} * groups;
  torch::Tensor out = torch::empty_like(x, torch::MemoryFormat::ChannelsLast),
                sums = torch::empty({2, parts, groups}, x.options().dtype(torch::kFloat));
  const void *from = x.const_data_ptr(), *w = weight.const_data_ptr(), *b = bias.const_data_ptr();
  void *to = out.mutable_data_ptr(), *means = sums.mutable_data_ptr(),
       *squares = sums[1].mutable_data_ptr();
  void* measured[] = {&from, &means, &squares, &shape};
  void* gathered[] = {&means, &squares, &shape};
  void* applied[] = {&from, &means, &squares, &w, &b, &to, &shape};
  GpuKernels& by = kernels(x.scalar_type());
  by.launch("measure", x.device(), parts, kThreads, measured);
  by.launch("gather", x.device(), (32 * warps + kThreads - 1) / kThreads, kThreads, gathered);
  by.launch("apply", x.device(), int64_t{shape.pictures} * shape.blocks, kThreads, applied);
  return out;
}

}  // namespace showo
