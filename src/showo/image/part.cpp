#include "showo/image/part.h"

#include <algorithm>
#include <cmath>

#include "showo/image/preprocess.h"

namespace showo {
namespace {

// Pixel `at` of a row of `count` that goes on as its mirror image, again and again.
int mirrored(int at, int count) {
  const int period = 2 * count, within = ((at % period) + period) % period;
  return within < count ? within : period - 1 - within;
}

}  // namespace

Image crop(const Image& image, const Box& box) {
  Image result(box.width, box.height);
  for (int y = 0; y < box.height; ++y) {
    std::copy_n(image.pixel(box.x, box.y + y), static_cast<size_t>(box.width) * 3,
                result.pixel(0, y));
  }
  return result;
}

Box part_around(const Box& marked, int width, int height, int size) {
  const int extent = std::max(marked.width, marked.height), shorter = std::min(width, height);
  const int side =
      extent <= shorter ? std::min(std::max(2 * extent, size), shorter) : extent + extent / 4;
  Box part{0, 0, std::min(side, width), std::min(side, height)};
  part.x = std::clamp(marked.x + (marked.width - part.width) / 2, 0, width - part.width);
  part.y = std::clamp(marked.y + (marked.height - part.height) / 2, 0, height - part.height);
  return part;
}

Placement::Placement(const Box& part, int size, double before) : part_(part), size_(size) {
  const int longer = std::max(part.width, part.height);
  const auto scaled = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(static_cast<double>(side) * size / longer)));
  };
  inner_.width = scaled(part.width);
  inner_.height = scaled(part.height);
  inner_.x = static_cast<int>((size - inner_.width) * before);
  inner_.y = static_cast<int>((size - inner_.height) * before);
}

Image Placement::square_of(const Image& picture) const {
  return surrounded(resize_bicubic(crop(picture, part_), inner_.width, inner_.height));
}

Image Placement::surrounded(const Image& scaled) const {
  Image square(size_, size_);
  for (int y = 0; y < size_; ++y) {
    const int from_y = mirrored(y - inner_.y, inner_.height);
    for (int x = 0; x < size_; ++x)
      std::copy_n(scaled.pixel(mirrored(x - inner_.x, inner_.width), from_y), 3,
                  square.pixel(x, y));
  }
  return square;
}

Image Placement::part_of(const Image& square) const {
  return resize_bicubic(crop(square, inner_), part_.width, part_.height);
}

}  // namespace showo
