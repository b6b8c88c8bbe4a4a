// The adversary of tokenizer training (VQGAN: Esser, Rombach and Ommer, arXiv 2012.09841, section
// 3.1): a convolutional network that judges overlapping patches of a picture as real or
// reconstructed (PatchGAN: Isola et al., arXiv 1611.07004), its losses, and the weight that keeps
// its gradient in proportion to the reconstruction's. B pictures, h×w patches.
#pragma once

#include "showo/core/config.h"
#include "showo/core/torch.h"
#include "showo/nn/layers.h"

namespace showo {

struct DiscriminatorConfig {
  int64_t ch = 64, layers = 3;
  std::string loss = "hinge";
  template <class V>
  void visit(V& v) {
    v(ch, "ch", "channels after the first layer; they double with each, up to eight times",
      between(1, 1024));
    v(layers, "layers", "layers that halve the picture: 3 judge patches of 70×70 pixels",
      between(1, 6));
    v(loss, "loss", "hinge or non-saturating");
  }
  /// Throws Error naming `source` when a number is out of range, the loss is unknown, or pictures
  /// of `image_size` leave no patch.
  void check(const std::string& source, int64_t image_size) const;
};

/// 4×4 convolutions of stride 2, then two of stride 1; leaky ReLU 0.2; all but the first and the
/// last normalised – by groups of channels rather than over the batch as published, so that a
/// picture's judgement does not depend on the others and small batches do no harm.
struct DiscriminatorImpl : torch::nn::Module {
  explicit DiscriminatorImpl(const DiscriminatorConfig& config);
  /// Pictures in [−1, 1] → one logit a patch, large for real ones, [B, 1, h, w].
  Tensor forward(const Tensor& image_B3HW);
  DiscriminatorConfig config;
  torch::nn::ModuleList conv, norm;  // norm.0 follows conv.1
};
TORCH_MODULE(Discriminator);

/// Convolutions from N(0, 0.02), as DCGAN's.
void initialise_discriminator(Discriminator& discriminator, uint64_t seed);

/// What the discriminator minimises. Hinge: ½·(max(0, 1 − real) + max(0, 1 + fake));
/// non-saturating: ½·(softplus(−real) + softplus(fake)); means over patches.
Tensor discriminator_loss(const std::string& loss, const Tensor& real, const Tensor& fake);
/// What the tokenizer minimises: −fake (hinge) or softplus(−fake).
Tensor generator_loss(const std::string& loss, const Tensor& fake);

/// ‖∇ reconstruction‖ / (‖∇ adversarial‖ + 1e-4) at the decoder's last layer, at most 1e4, without
/// a gradient of its own. Both graphs stay.
Tensor adaptive_weight(const Tensor& reconstruction, const Tensor& adversarial,
                       const Tensor& last_layer);

}  // namespace showo
