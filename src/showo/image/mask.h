// Masks of inpainting: white regenerates, black stays.
#pragma once

#include "showo/image/image.h"

namespace showo {

/// bool [rows, cols]: which tokens regenerate – every one with a white pixel (0.5 or above) in its
/// part of the mask. The published code shrinks the mask bicubically and takes 0.5 and above, which
/// loses marks smaller than half a token; as pixels outside the mask are kept exactly, drawing more
/// tokens anew harms none.
at::Tensor mask_to_grid(const Image& mask, int rows, int cols);
/// Every pixel whose mask value is below one half keeps the original's exact value. Throws Error
/// when sizes differ.
Image paste(const Image& original, const Image& generated, const Image& mask);

}  // namespace showo
