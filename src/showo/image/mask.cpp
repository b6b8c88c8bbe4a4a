#include "showo/image/mask.h"

#include <ATen/ATen.h>

#include <cstring>

#include "showo/core/error.h"

namespace showo {
namespace {

bool is_white(const uint8_t* pixel) { return (pixel[0] + pixel[1] + pixel[2]) / 3 >= 128; }

}  // namespace

at::Tensor mask_to_grid(const Image& mask, int rows, int cols) {
  auto grid = at::zeros({rows, cols}, at::kBool);
  // A pixel that reaches into several tokens, of a mask that is not a multiple of the grid or is
  // smaller, marks them all.
  auto first = [](int64_t pixel, int tokens, int pixels) { return pixel * tokens / pixels; };
  auto last = [](int64_t pixel, int tokens, int pixels) {
    return ((pixel + 1) * tokens - 1) / pixels;
  };
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (!is_white(mask.pixel(x, y))) continue;
      for (auto row = first(y, rows, mask.height); row <= last(y, rows, mask.height); ++row) {
        for (auto col = first(x, cols, mask.width); col <= last(x, cols, mask.width); ++col)
          grid.data_ptr<bool>()[row * cols + col] = true;
      }
    }
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
      if (!is_white(mask.pixel(x, y))) std::memcpy(result.pixel(x, y), original.pixel(x, y), 3);
    }
  }
  return result;
}

}  // namespace showo
