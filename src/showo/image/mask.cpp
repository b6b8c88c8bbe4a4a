#include "showo/image/mask.h"

#include <ATen/ATen.h>

#include <cstring>

#include "showo/core/error.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

int grey(const uint8_t* pixel) { return (pixel[0] + pixel[1] + pixel[2]) / 3; }

}  // namespace

at::Tensor mask_to_grid(const Image& mask, int rows, int cols) {
  const Image small = resize_bicubic(mask, cols, rows);
  auto grid = at::empty({rows, cols}, at::kBool);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < cols; ++x)
      grid.data_ptr<bool>()[y * cols + x] = grey(small.pixel(x, y)) >= 128;
  }
  return grid;
}

Image paste(const Image& original, const Image& generated, const Image& mask) {
  if (original.width != generated.width || original.height != generated.height ||
      original.width != mask.width || original.height != mask.height) {
    fail("picture, result and mask differ in size: {}×{}, {}×{}, {}×{}", original.width,
         original.height, generated.width, generated.height, mask.width, mask.height);
  }
  Image result = generated;
  for (int y = 0; y < original.height; ++y) {
    for (int x = 0; x < original.width; ++x) {
      if (grey(mask.pixel(x, y)) < 128) std::memcpy(result.pixel(x, y), original.pixel(x, y), 3);
    }
  }
  return result;
}

}  // namespace showo
