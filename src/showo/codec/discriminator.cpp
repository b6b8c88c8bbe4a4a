#include "showo/codec/discriminator.h"

#include "showo/core/random.h"

namespace showo {
namespace {

constexpr int64_t kKernel = 4;

int64_t width_after(const DiscriminatorConfig& config, int64_t layer) {
  return config.ch * std::min<int64_t>(int64_t{1} << layer, 8);
}

bool is_hinge(const std::string& loss) {
  if (loss != "hinge" && loss != "non-saturating")
    fail("discriminator: loss is '{}', expected hinge or non-saturating", loss);
  return loss == "hinge";
}

}  // namespace

void DiscriminatorConfig::check(const std::string& source, int64_t image_size) const {
  is_hinge(loss);
  check_ranges(*this, source);
  if (ch > 32 && ch % 32) fail("{}: ch is {}, expected 1 to 32 or a multiple of 32", source, ch);
  // The two layers of stride 1 lose a row and a column each.
  if ((image_size >> layers) < 3)
    fail("{}: {} layers leave no patch of pictures {} pixels wide", source, layers, image_size);
}

DiscriminatorImpl::DiscriminatorImpl(const DiscriminatorConfig& config)
    : config(config),
      conv(register_module("conv", torch::nn::ModuleList())),
      norm(register_module("norm", torch::nn::ModuleList())) {
  conv->push_back(Conv2d(3, config.ch, kKernel, 2, 1));
  for (int64_t i = 1; i <= config.layers; ++i) {
    const int64_t out = width_after(config, i);
    conv->push_back(Conv2d(width_after(config, i - 1), out, kKernel, i < config.layers ? 2 : 1, 1));
    norm->push_back(GroupNorm(out));
  }
  conv->push_back(Conv2d(width_after(config, config.layers), 1, kKernel, 1, 1));
}

Tensor DiscriminatorImpl::forward(const Tensor& image) {
  auto x = torch::leaky_relu(conv->ptr<Conv2dImpl>(0)->forward(image), 0.2);
  for (size_t i = 0; i < norm->size(); ++i) {
    x = conv->ptr<Conv2dImpl>(i + 1)->forward(x);
    x = torch::leaky_relu(norm->ptr<GroupNormImpl>(i)->forward(x), 0.2);
  }
  return conv->ptr<Conv2dImpl>(conv->size() - 1)->forward(x);
}

void initialise_discriminator(Discriminator& discriminator, uint64_t seed) {
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed);
  for (auto& item : discriminator->named_parameters()) {
    if (item.value().dim() == 4) {
      item.value().normal_(0, 0.02, generator);
    } else {
      item.value().fill_(item.key().ends_with("weight") ? 1 : 0);
    }
  }
}

Tensor discriminator_loss(const std::string& loss, const Tensor& real, const Tensor& fake) {
  if (is_hinge(loss)) return 0.5 * (torch::relu(1 - real).mean() + torch::relu(1 + fake).mean());
  return 0.5 * (torch::softplus(-real).mean() + torch::softplus(fake).mean());
}

Tensor generator_loss(const std::string& loss, const Tensor& fake) {
  return is_hinge(loss) ? -fake.mean() : torch::softplus(-fake).mean();
}

Tensor adaptive_weight(const Tensor& reconstruction, const Tensor& adversarial,
                       const Tensor& last_layer) {
  auto slope = [&](const Tensor& loss) {
    return torch::autograd::grad({loss}, {last_layer}, {}, /*retain_graph=*/true)[0].norm();
  };
  return (slope(reconstruction) / (slope(adversarial) + 1e-4)).clamp(0, 1e4).detach();
}

}  // namespace showo
