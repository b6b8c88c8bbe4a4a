// The lookup-free quantizer of MAGVIT-v2 (arXiv 2310.05737, section 3.1): every channel of the
// latent becomes its sign, and the signs of a position, first channel first, are the bits of its
// code. There is no table and nothing to train in it. B batch, K bits, H×W positions.
#pragma once

#include "showo/core/torch.h"

namespace showo {

using torch::Tensor;

struct Quantized {
  Tensor z_BKHW;           // −1 or +1; its gradient goes straight through to the latent
  Tensor codes_BN;         // int64, N = H·W, row by row
  Tensor commitment_loss;  // 0.1·(‖sg(q) − z‖² + 0.25·‖q − sg(z)‖²)
  Tensor entropy_loss;     // 0.1·(mean entropy of a position − entropy of the mean), a bit's
                           // share, so that all codes are used
};

/// The sign of each channel; a value of exactly 0 is −1.
Tensor quantize_signs(const Tensor& z_BKHW);
/// Signs or latents [B, K, H, W] → codes [B, H·W].
Tensor codes_of(const Tensor& z_BKHW);
/// Codes [B, H·W] → signs [B, K, H, W] as float.
Tensor signs_of(const Tensor& codes_BN, int64_t bits, int64_t height, int64_t width);
/// What the entropy of the mean is taken of. Bit by bit, as the published tokenizer's code has it,
/// bits may become copies of one another; of whole codes (MAGVIT-v2, equation 5) they may not.
enum class EntropyOf { kBits, kCodes };
/// With both losses.
Quantized quantize(const Tensor& z_BKHW, EntropyOf entropy = EntropyOf::kBits);

}  // namespace showo
