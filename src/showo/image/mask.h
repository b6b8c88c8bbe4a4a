// Masks of inpainting: white regenerates, black stays.
#pragma once

#include "showo/image/image.h"

namespace showo {

/// bool [rows, cols]: the mask's grey value shrunk bicubically; 0.5 and above regenerates.
at::Tensor mask_to_grid(const Image& mask, int rows, int cols);
/// Every pixel whose mask value is below one half keeps the original's exact value. Throws Error
/// when sizes differ.
Image paste(const Image& original, const Image& generated, const Image& mask);

}  // namespace showo
