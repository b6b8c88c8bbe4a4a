#include "showo/codec/magvit.h"

namespace showo {
namespace {

// Blocks of a level stay in a list called `block`, so that keys read down.1.block.0.conv1.weight.
int64_t width_of(const CodecConfig& config, const std::vector<int64_t>& multipliers, size_t level) {
  return config.ch * multipliers[level];
}

}  // namespace

ResnetBlockImpl::ResnetBlockImpl(int64_t in, int64_t out)
    : norm1(register_module("norm1", GroupNorm(in))),
      norm2(register_module("norm2", GroupNorm(out))),
      conv1(register_module("conv1", Conv2d(in, out, 3))),
      conv2(register_module("conv2", Conv2d(out, out, 3))) {
  if (in != out) nin_shortcut = register_module("nin_shortcut", Conv2d(in, out, 1));
}

Tensor ResnetBlockImpl::forward(const Tensor& x) {
  auto h = conv1(norm1->forward_swish(x));
  h = conv2(norm2->forward_swish(h));
  return (nin_shortcut ? nin_shortcut(x) : x) + h;
}

AttentionBlockImpl::AttentionBlockImpl(int64_t channels)
    : norm(register_module("norm", GroupNorm(channels))),
      q(register_module("q", Conv2d(channels, channels, 1))),
      k(register_module("k", Conv2d(channels, channels, 1))),
      v(register_module("v", Conv2d(channels, channels, 1))),
      proj_out(register_module("proj_out", Conv2d(channels, channels, 1))) {}

Tensor AttentionBlockImpl::forward(const Tensor& x) {
  auto h = norm(x);
  auto rows = [](const Tensor& t) {
    return t.flatten(2).transpose(1, 2).unsqueeze(1).contiguous();
  };  // [B, 1, HW, C]
  auto mixed = at::scaled_dot_product_attention(rows(q(h)), rows(k(h)), rows(v(h)));
  return x + proj_out(mixed.squeeze(1).transpose(1, 2).reshape(x.sizes()));
}

MiddleImpl::MiddleImpl(int64_t channels)
    : block_1(register_module("block_1", ResnetBlock(channels, channels))),
      attn_1(register_module("attn_1", AttentionBlock(channels))),
      block_2(register_module("block_2", ResnetBlock(channels, channels))) {}

Tensor MiddleImpl::forward(const Tensor& x) { return block_2(attn_1(block_1(x))); }

LevelImpl::LevelImpl(int64_t in, int64_t out, int64_t blocks, Resample resample)
    : block(register_module("block", torch::nn::ModuleList())), resample(resample) {
  for (int64_t i = 0; i < blocks; ++i) block->push_back(ResnetBlock(i == 0 ? in : out, out));
  if (resample == Resample::kNone) return;
  const bool down = resample == Resample::kDown;
  resample_conv = Conv2d(out, out, 3, down ? 2 : 1, down ? 0 : 1);
  auto holder =
      register_module(down ? "downsample" : "upsample", std::make_shared<torch::nn::Module>());
  holder->register_module("conv", resample_conv);
}

Tensor LevelImpl::forward(Tensor x) {
  for (auto& module : *block) x = module->as<ResnetBlock>()->forward(x);
  // The stride-2 convolution is padded on the right and bottom only, as published.
  if (resample == Resample::kDown) return resample_conv(torch::constant_pad_nd(x, {0, 1, 0, 1}));
  if (resample == Resample::kUp)
    return resample_conv(torch::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2}));
  return x;
}

CodecEncoderImpl::CodecEncoderImpl(const CodecConfig& config)
    : conv_in(register_module("conv_in", Conv2d(3, config.ch, 3))),
      down(register_module("down", torch::nn::ModuleList())),
      mid(nullptr),
      norm_out(nullptr),
      conv_out(nullptr),
      quant_conv(nullptr) {
  const size_t levels = config.encoder_ch_mult.size();
  int64_t width = config.ch;
  for (size_t i = 0; i < levels; ++i) {
    const int64_t out = width_of(config, config.encoder_ch_mult, i);
    const auto resample = i + 1 < levels ? LevelImpl::Resample::kDown : LevelImpl::Resample::kNone;
    down->push_back(Level(width, out, config.encoder_num_res_blocks[i], resample));
    width = out;
  }
  mid = register_module("mid", Middle(width));
  norm_out = register_module("norm_out", GroupNorm(width));
  conv_out = register_module("conv_out", Conv2d(width, config.z_channels, 3));
  quant_conv = register_module("quant_conv", Conv2d(config.z_channels, config.z_channels, 1));
}

Tensor CodecEncoderImpl::feature_map(const Tensor& image) {
  auto x = conv_in(image);
  for (auto& level : *down) x = level->as<Level>()->forward(x);
  return mid(x);
}

Tensor CodecEncoderImpl::forward(const Tensor& image) {
  return quant_conv(conv_out(norm_out->forward_swish(feature_map(image))));
}

CodecDecoderImpl::CodecDecoderImpl(const CodecConfig& config)
    : post_quant_conv(
          register_module("post_quant_conv", Conv2d(config.z_channels, config.z_channels, 1))),
      conv_in(nullptr),
      mid(nullptr),
      up(register_module("up", torch::nn::ModuleList())),
      norm_out(nullptr),
      conv_out(nullptr) {
  const size_t levels = config.decoder_ch_mult.size();
  int64_t width = width_of(config, config.decoder_ch_mult, levels - 1);
  conv_in = register_module("conv_in", Conv2d(config.z_channels, width, 3));
  mid = register_module("mid", Middle(width));
  std::vector<Level> from_lowest;
  for (size_t i = levels; i-- > 0;) {
    const int64_t out = width_of(config, config.decoder_ch_mult, i);
    const auto resample = i > 0 ? LevelImpl::Resample::kUp : LevelImpl::Resample::kNone;
    from_lowest.emplace_back(width, out, config.decoder_num_res_blocks[i], resample);
    width = out;
  }
  for (auto level = from_lowest.rbegin(); level != from_lowest.rend(); ++level)
    up->push_back(*level);
  norm_out = register_module("norm_out", GroupNorm(width));
  conv_out = register_module("conv_out", Conv2d(width, 3, 3));
}

Tensor CodecDecoderImpl::forward(const Tensor& z) {
  auto x = mid(conv_in(post_quant_conv(z)));
  for (size_t i = up->size(); i-- > 0;) x = up->ptr<LevelImpl>(i)->forward(x);
  return conv_out(norm_out->forward_swish(x));
}

MagvitImpl::MagvitImpl(const CodecConfig& config)
    : config(config),
      encoder(register_module("encoder", CodecEncoder(config))),
      decoder(register_module("decoder", CodecDecoder(config))) {
  for (auto& module : modules(/*include_self=*/false)) {
    auto* norm = module->as<GroupNormImpl>();
    if (norm) norm->groups = std::min(config.norm_groups, norm->weight.size(0));
  }
}

// Convolutions and norms keep the layout of what comes in; with channels last they take 3/4 of the
// time on CPUs.
Tensor MagvitImpl::encode(const Tensor& image) {
  const auto& like = encoder->conv_in->weight;
  return codes_of(encoder(
      image.to(like.device(), like.scalar_type()).contiguous(torch::MemoryFormat::ChannelsLast)));
}

Tensor MagvitImpl::decode(const Tensor& codes, int64_t height, int64_t width) {
  if (height == 0) height = width = static_cast<int64_t>(std::llround(std::sqrt(codes.size(1))));
  TORCH_CHECK(height * width == codes.size(1), "codes do not fill the grid");
  const auto& like = decoder->conv_in->weight;
  auto z = signs_of(codes, config.z_channels, height, width).to(like.device(), like.scalar_type());
  return decoder(z.contiguous(torch::MemoryFormat::ChannelsLast)).to(torch::kFloat).clamp(-1, 1);
}

}  // namespace showo
