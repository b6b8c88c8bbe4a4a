// Masks of inpainting: white regenerates, black stays.
#pragma once

#include <ATen/core/Tensor.h>

#include "showo/image/part.h"

namespace showo {

/// The smallest box that holds every white pixel (0.5 or above); 0×0 when there is none.
Box marked_box(const Image& mask);
/// bool [rows, cols]: which tokens regenerate – every one with a white pixel in its part of the
/// mask. The published code shrinks the mask bicubically and takes 0.5 and above, which loses marks
/// smaller than half a token; as pixels outside the mask are kept exactly, drawing more tokens anew
/// harms none.
at::Tensor mask_to_grid(const Image& mask, int rows, int cols);
/// The same for the square that `placement` makes of a part of the mask: in the mirror images
/// beside an oblong part, the tokens regenerate whose originals do.
at::Tensor mask_to_grid(const Image& mask, const Placement& placement, int rows, int cols);
/// The original with `generated` in place of its part that begins at (x, y); every pixel whose mask
/// value is below one half, and all outside of the part, keep the original's exact value. The mask
/// has the original's size. Throws Error when sizes do not fit.
Image paste(const Image& original, const Image& generated, const Image& mask, int x = 0, int y = 0);

}  // namespace showo
