#include "showo/image/mask.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "showo/core/error.h"
#include "showo/image/alpha.h"
#include "showo/image/decode.h"

namespace showo {
namespace {

int luminance(const uint8_t* pixel) {
  return (19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + (1 << 15)) >> 16;
}

bool is_white(const uint8_t* pixel) { return luminance(pixel) >= 128; }

}  // namespace

Image decode_mask(std::span<const std::byte> bytes, const std::string& name, Marked marked) {
  Image mask = decode_image_over(bytes, name, Ground::kBlack);
  if (marked == Marked::kTransparent) {  // white shows through where alpha lets it
    const Image over_white = decode_image_over(bytes, name, Ground::kWhite);
    for (size_t i = 0; i < mask.rgb.size(); ++i)
      mask.rgb[i] = static_cast<uint8_t>(over_white.rgb[i] - mask.rgb[i]);
  }
  for (size_t i = 0; i < mask.rgb.size(); i += 3) {
    const int value = luminance(mask.rgb.data() + i);
    std::fill_n(mask.rgb.data() + i, 3,
                static_cast<uint8_t>(marked == Marked::kBlack ? 255 - value : value));
  }
  return mask;
}

Image read_mask(const fs::path& path, bool inverted) {
  const auto file = MappedFile::open(path);
  return decode_mask(file->bytes(), path.string(), inverted ? Marked::kBlack : Marked::kWhite);
}

Box marked_box(const Image& mask) {
  int left = mask.width, top = mask.height, right = 0, bottom = 0;
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (!is_white(mask.pixel(x, y))) continue;
      left = std::min(left, x);
      right = std::max(right, x + 1);
      top = std::min(top, y);
      bottom = y + 1;
    }
  }
  return right == 0 ? Box() : Box{left, top, right - left, bottom - top};
}

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

at::Tensor mask_to_grid(const Image& mask, const Placement& placement, int rows, int cols) {
  // Scaled as tokens are marked, not as pictures are: the smallest mark stays.
  const auto marks =
      mask_to_grid(crop(mask, placement.part()), placement.height(), placement.width());
  Image scaled(placement.width(), placement.height());
  for (int64_t i = 0; i < marks.numel(); ++i)
    std::fill_n(scaled.rgb.data() + 3 * i, 3, uint8_t(marks.const_data_ptr<bool>()[i] ? 255 : 0));
  return mask_to_grid(placement.surrounded(scaled), rows, cols);
}

Image paste(const Image& original, const Image& generated, const Image& mask, int x, int y) {
  if (original.width != mask.width || original.height != mask.height || x < 0 || y < 0 ||
      generated.width > original.width - x || generated.height > original.height - y) {
    fail("picture, result and mask do not fit: {}×{}, {}×{} at {}, {}, {}×{}", original.width,
         original.height, generated.width, generated.height, x, y, mask.width, mask.height);
  }
  Image result = original;
  result.name.clear();
  result.turned = false;
  for (int row = 0; row < generated.height; ++row) {
    for (int col = 0; col < generated.width; ++col) {
      if (is_white(mask.pixel(x + col, y + row)))
        std::memcpy(result.pixel(x + col, y + row), generated.pixel(col, row), 3);
    }
  }
  return result;
}

}  // namespace showo
