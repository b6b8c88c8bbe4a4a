#include "showo/eval/inception.h"

#include <utility>

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/error.h"
#include "showo/core/weightless.h"
#include "showo/image/tensor.h"

namespace showo {

using torch::Tensor;

namespace {

constexpr int64_t kSide = 299, kClasses = 1008;
constexpr double kEpsilon = 1e-3;

// One convolution: its name, its channels, rows and columns of its kernel.
struct Step {
  const char* name;
  int64_t out, rows = 1, columns = 1, stride = 1;
  bool padded = true;   // so that with a stride of 1 the size stays
  bool beside = false;  // reads what the step before it read; its channels go behind that one's
};
using Branch = std::vector<Step>;
enum class Pool { kMean, kLargest, kHalve };  // kHalve: the largest, with a stride of 2

struct NormImpl : torch::nn::Module {
  explicit NormImpl(int64_t channels)
      : weight(register_parameter("weight", unset({channels}))),
        bias(register_parameter("bias", unset({channels}))),
        mean(register_buffer("running_mean", unset({channels}))),
        variance(register_buffer("running_var", unset({channels}))) {}
  Tensor weight, bias, mean, variance;
};
TORCH_MODULE(Norm);

struct KernelImpl : torch::nn::Module {
  explicit KernelImpl(at::IntArrayRef shape) : weight(register_parameter("weight", unset(shape))) {}
  Tensor weight;
};
TORCH_MODULE(Kernel);

struct ConvImpl : torch::nn::Module {
  ConvImpl(int64_t in, const Step& step)
      : step(step),
        conv(register_module("conv",
                             Kernel(at::IntArrayRef({step.out, in, step.rows, step.columns})))),
        bn(register_module("bn", Norm(step.out))) {}
  Tensor forward(const Tensor& x) {
    const int64_t down = step.padded ? step.rows / 2 : 0,
                  across = step.padded ? step.columns / 2 : 0;
    const auto y = torch::conv2d(x, conv->weight, {}, step.stride, {down, across});
    return torch::batch_norm(y, bn->weight, bn->bias, bn->mean, bn->variance, /*training=*/false,
                             /*momentum=*/0, kEpsilon, /*cudnn_enabled=*/false)
        .relu_();
  }
  Step step;
  Kernel conv;
  Norm bn;
};
TORCH_MODULE(Conv);

Tensor pooled(const Tensor& x, Pool pool) {
  if (pool == Pool::kHalve) return torch::max_pool2d(x, 3, 2);
  if (pool == Pool::kLargest) return torch::max_pool2d(x, 3, 1, 1);
  return torch::avg_pool2d(x, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

// Branches side by side, a pool among them, with or without a convolution behind it.
struct MixedImpl : torch::nn::Module {
  MixedImpl(int64_t in, const std::vector<Branch>& wanted, Pool pool, int64_t pool_out)
      : pool(pool) {
    for (const Branch& steps : wanted) {
      auto& branch = branches.emplace_back();
      int64_t channels = in, before = in;
      for (const Step& step : steps) {
        if (!step.beside) before = std::exchange(channels, step.out);
        branch.push_back(register_module(step.name, Conv(before, step)));
        if (step.beside) channels += step.out;
      }
      out += channels;
    }
    if (pool_out > 0)
      branch_pool = register_module("branch_pool", Conv(in, Step{"branch_pool", pool_out}));
    out += pool_out > 0 ? pool_out : in;
  }
  Tensor forward(const Tensor& x) {
    std::vector<Tensor> results;
    for (auto& branch : branches) {
      Tensor before, y = x;
      for (auto& conv : branch)
        y = conv->step.beside ? torch::cat({y, conv(before)}, 1) : conv(before = y);
      results.push_back(y);
    }
    const auto y = pooled(x, pool);
    results.push_back(branch_pool ? branch_pool(y) : y);
    return torch::cat(results, 1);
  }
  std::vector<std::vector<Conv>> branches;
  Pool pool;
  Conv branch_pool{nullptr};
  int64_t out = 0;
};
TORCH_MODULE(Mixed);

// Not padded with a stride of 2.
Step halving(const char* name, int64_t out) { return {name, out, 3, 3, 2, /*padded=*/false}; }
Step beside(Step step) {
  step.beside = true;
  return step;
}

// The blocks in order (Szegedy et al., figures 5, 10, 6, 10 and 7). 35×35, then 17×17, then 8×8.
struct Block {
  const char* name;
  std::vector<Branch> branches;
  Pool pool;
  int64_t pool_out;  // 0: the pool's channels as they are
};

Block wide(const char* name, int64_t pool_out) {
  return {name,
          {{{"branch1x1", 64}},
           {{"branch5x5_1", 48}, {"branch5x5_2", 64, 5, 5}},
           {{"branch3x3dbl_1", 64}, {"branch3x3dbl_2", 96, 3, 3}, {"branch3x3dbl_3", 96, 3, 3}}},
          Pool::kMean,
          pool_out};
}

Block middle(const char* name, int64_t narrow) {
  return {name,
          {{{"branch1x1", 192}},
           {{"branch7x7_1", narrow}, {"branch7x7_2", narrow, 1, 7}, {"branch7x7_3", 192, 7, 1}},
           {{"branch7x7dbl_1", narrow},
            {"branch7x7dbl_2", narrow, 7, 1},
            {"branch7x7dbl_3", narrow, 1, 7},
            {"branch7x7dbl_4", narrow, 7, 1},
            {"branch7x7dbl_5", 192, 1, 7}}},
          Pool::kMean,
          192};
}

Block last(const char* name, Pool pool) {
  return {name,
          {{{"branch1x1", 320}},
           {{"branch3x3_1", 384}, {"branch3x3_2a", 384, 1, 3}, beside({"branch3x3_2b", 384, 3, 1})},
           {{"branch3x3dbl_1", 448},
            {"branch3x3dbl_2", 384, 3, 3},
            {"branch3x3dbl_3a", 384, 1, 3},
            beside({"branch3x3dbl_3b", 384, 3, 1})}},
          pool,
          192};
}

std::vector<Block> blocks() {
  return {wide("Mixed_5b", 32),
          wide("Mixed_5c", 64),
          wide("Mixed_5d", 64),
          {"Mixed_6a",
           {{halving("branch3x3", 384)},
            {{"branch3x3dbl_1", 64}, {"branch3x3dbl_2", 96, 3, 3}, halving("branch3x3dbl_3", 96)}},
           Pool::kHalve,
           0},
          middle("Mixed_6b", 128),
          middle("Mixed_6c", 160),
          middle("Mixed_6d", 160),
          middle("Mixed_6e", 192),
          {"Mixed_7a",
           {{{"branch3x3_1", 192}, halving("branch3x3_2", 320)},
            {{"branch7x7x3_1", 192},
             {"branch7x7x3_2", 192, 1, 7},
             {"branch7x7x3_3", 192, 7, 1},
             halving("branch7x7x3_4", 192)}},
           Pool::kHalve,
           0},
          last("Mixed_7b", Pool::kMean),
          last("Mixed_7c", Pool::kLargest)};
}

}  // namespace

InceptionImpl::InceptionImpl() {
  int64_t channels = 3;
  const auto conv = [&](const Step& step) {
    const auto layer = register_module(step.name, Conv(channels, step));
    layers_.emplace_back([layer](const Tensor& x) mutable { return layer->forward(x); });
    channels = step.out;
  };
  const auto halve = [&] {
    layers_.emplace_back([](const Tensor& x) { return pooled(x, Pool::kHalve); });
  };
  conv(halving("Conv2d_1a_3x3", 32));
  conv({"Conv2d_2a_3x3", 32, 3, 3, 1, /*padded=*/false});
  conv({"Conv2d_2b_3x3", 64, 3, 3});
  halve();
  conv({"Conv2d_3b_1x1", 80});
  conv({"Conv2d_4a_3x3", 192, 3, 3, 1, /*padded=*/false});
  halve();
  for (const Block& block : blocks()) {
    const auto layer =
        register_module(block.name, Mixed(channels, block.branches, block.pool, block.pool_out));
    layers_.emplace_back([layer](const Tensor& x) mutable { return layer->forward(x); });
    channels = layer->out;
  }
  TORCH_CHECK(channels == kInceptionFeatures);
}

Tensor InceptionImpl::features(const Tensor& pixels) {
  torch::NoGradGuard no_grad;
  Tensor x = pixels;
  for (const auto& layer : layers_) x = layer(x);
  return x.mean({2, 3});
}

Tensor preprocess_inception(const Image& image) {
  return at::upsample_bilinear2d(to_tensor(image).unsqueeze(0), {kSide, kSide},
                                 /*align_corners=*/false)
      .squeeze(0);
}

Inception load_inception(const fs::path& file, torch::Device device) {
  TensorMap weights = read_weights(file);
  const auto classifier = weights.find("fc.weight");
  if (classifier != weights.end() && classifier->second.dim() == 2 &&
      classifier->second.size(0) != kClasses)
    fail(
        "{}: 'fc.weight' tells {} classes, expected {}: FID's network has other weights than "
        "torchvision's",
        file.string(), classifier->second.size(0), kClasses);
  std::erase_if(weights,
                [](const auto& item) { return item.first.ends_with(".num_batches_tracked"); });
  const Weightless shapes;
  Inception inception;
  load_strict(*inception, std::move(weights), file.string(), {"fc."});
  inception->to(device);
  inception->eval();
  for (auto& parameter : inception->parameters()) parameter.set_requires_grad(false);
  return inception;
}

}  // namespace showo
