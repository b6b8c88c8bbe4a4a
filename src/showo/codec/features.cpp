#include "showo/codec/features.h"

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/core/weightless.h"

namespace showo {
namespace {

struct Stage {
  int64_t kernel, stride, expansion;
};
constexpr std::array<Stage, 7> kStages{
    {{3, 1, 1}, {3, 2, 6}, {5, 2, 6}, {3, 2, 6}, {5, 1, 6}, {5, 2, 6}, {3, 1, 6}}};
constexpr size_t kComparedStages = 5;  // up to stride 16
constexpr int64_t kTrainedSize = 224;

}  // namespace

void FeatureConfig::check(const std::string& source) const {
  if (widths.size() != kStages.size() || repeats.size() != kStages.size())
    fail("{}: widths and repeats must name {} stages", source, kStages.size());
  check_ranges(*this, source);
}

SameConvImpl::SameConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups)
    : weight(register_buffer("weight", unset({out, in / groups, kernel, kernel}))),
      stride(stride),
      groups(groups) {}

Tensor SameConvImpl::forward(const Tensor& x) {
  const int64_t kernel = weight.size(2);
  auto missing = [&](int64_t size) {
    return std::max<int64_t>(((size + stride - 1) / stride - 1) * stride + kernel - size, 0);
  };
  auto convolve = [&](const Tensor& input, const std::array<int64_t, 2>& padding) {
    return at::conv2d(input, weight, {}, stride, at::IntArrayRef(padding), /*dilation=*/1, groups);
  };
  const int64_t rows = missing(x.size(2)), columns = missing(x.size(3));
  if (rows % 2 == 0 && columns % 2 == 0) return convolve(x, {rows / 2, columns / 2});
  return convolve(
      torch::constant_pad_nd(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2}),
      {0, 0});
}

FrozenNormImpl::FrozenNormImpl(int64_t channels)
    : weight(register_buffer("weight", unset({channels}))),
      bias(register_buffer("bias", unset({channels}))),
      running_mean(register_buffer("running_mean", unset({channels}))),
      running_var(register_buffer("running_var", unset({channels}))) {}

Tensor FrozenNormImpl::forward(const Tensor& x) {
  return torch::batch_norm(x, weight, bias, running_mean, running_var, /*training=*/false,
                           /*momentum=*/0, /*eps=*/1e-3, /*cudnn_enabled=*/true);
}

FeatureBlockImpl::FeatureBlockImpl(int64_t in, int64_t out, int64_t expansion, int64_t kernel,
                                   int64_t stride, bool first)
    : first(first) {
  const int64_t inner = in * expansion;
  if (expansion > 1) {
    expand_conv = register_module("_expand_conv", SameConv(in, inner, 1));
    bn0 = register_module("_bn0", FrozenNorm(inner));
  }
  depthwise_conv =
      register_module("_depthwise_conv", SameConv(inner, inner, kernel, stride, inner));
  bn1 = register_module("_bn1", FrozenNorm(inner));
  project_conv = register_module("_project_conv", SameConv(inner, out, 1));
  bn2 = register_module("_bn2", FrozenNorm(out));
}

Tensor FeatureBlockImpl::forward(const Tensor& x) {
  auto h = expand_conv ? torch::relu6(bn0(expand_conv(x))) : x;
  h = bn2(project_conv(torch::relu6(bn1(depthwise_conv(h)))));
  return first ? h : x + h;
}

FeatureNetImpl::FeatureNetImpl(const FeatureConfig& config)
    : config(config),
      conv_stem(register_module("_conv_stem", SameConv(3, config.stem, 3, 2))),
      conv_head(register_module("_conv_head", SameConv(config.widths.back(), config.head, 1))),
      bn0(register_module("_bn0", FrozenNorm(config.stem))),
      bn1(register_module("_bn1", FrozenNorm(config.head))) {
  auto blocks = register_module("_blocks", torch::nn::ModuleList());
  int64_t in = config.stem;
  for (size_t s = 0; s < kStages.size(); ++s) {
    const Stage& stage = kStages[s];
    stages_.emplace_back();
    for (int64_t i = 0; i < config.repeats[s]; ++i) {
      stages_[s].push_back(FeatureBlock(in, config.widths[s], stage.expansion, stage.kernel,
                                        i == 0 ? stage.stride : 1, i == 0));
      blocks->push_back(stages_[s].back());
      in = config.widths[s];
    }
  }
}

Tensor FeatureNetImpl::enter(const Tensor& image) {
  // The network was trained on (p − 127) / 128 of 8-bit values p.
  const auto x = image.to(conv_stem->weight.device(), conv_stem->weight.scalar_type())
                     .mul(127.5 / 128)
                     .add(0.5 / 128)
                     .contiguous(torch::MemoryFormat::ChannelsLast);
  return torch::relu6(bn0(conv_stem(x)));
}

Tensor FeatureNetImpl::through(size_t stage, Tensor x) {
  for (auto& block : stages_[stage]) x = block(x);
  return x;
}

std::vector<Tensor> FeatureNetImpl::forward(const Tensor& image) {
  std::vector<Tensor> maps;
  auto x = enter(image);
  for (size_t s = 0; s < kComparedStages; ++s) {
    x = through(s, x);
    if (kStages[s + 1].stride > 1) maps.push_back(x);
  }
  return maps;
}

Tensor FeatureNetImpl::last(const Tensor& image) {
  auto x = enter(image);
  for (size_t s = 0; s < kStages.size(); ++s) x = through(s, x);
  return torch::relu6(bn1(conv_head(x)));
}

Tensor FeatureNetImpl::pooled(const Tensor& image) {
  const auto resized = at::_upsample_bicubic2d_aa(image, {kTrainedSize, kTrainedSize},
                                                  /*align_corners=*/false);
  return last(resized).mean({2, 3});
}

FeatureNet load_features(const fs::path& folder) {
  FeatureConfig config;
  const std::string file = (folder / "config.json").string();
  read_config(config, read_json(file), file);
  config.check(file);
  const Weightless shapes;
  FeatureNet features(config);
  load_strict(*features, read_weights(folder), folder.string());
  return features;
}

Tensor feature_distance(FeatureNet& features, const Tensor& a, const Tensor& b) {
  // The little that is added keeps the slope finite where all channels are 0.
  auto unit = [](const Tensor& map) {
    return map * (map.square().sum(1, /*keepdim=*/true) + 1e-10).rsqrt();
  };
  const auto maps_a = features(a), maps_b = features(b);
  Tensor distance;
  for (size_t i = 0; i < maps_a.size(); ++i) {
    const auto here = (unit(maps_a[i]) - unit(maps_b[i])).square().sum(1).mean({1, 2});
    distance = distance.defined() ? distance + here : here;
  }
  return distance;
}

}  // namespace showo
