// Several pictures on one sheet, a label under each.
#pragma once

#include <string>
#include <vector>

#include "showo/image/image.h"

namespace showo {

/// Pictures of one size in rows, about as many columns as rows, each with its label below, in at
/// most so many lines of the picture's width, the last cut. Labels are drawn in capitals of 3×5
/// dots; a character without a drawing leaves a gap. Throws Error when sizes differ or there is not
/// one label a picture.
Image labelled_grid(const std::vector<Image>& pictures, const std::vector<std::string>& labels,
                    int lines = 1);
/// Each pixel as a square of `times`² pixels.
Image enlarged(const Image& picture, int times);

}  // namespace showo
