#include "showo/image/part.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "showo/image/preprocess.h"

namespace showo {
namespace {

// Pixel `at` of a row of `count` that goes on as its mirror image, again and again.
int mirrored(int at, int count) {
  const int period = 2 * count, within = ((at % period) + period) % period;
  return within < count ? within : period - 1 - within;
}

struct Run {
  int first, count;
};

// Where a part of `length` begins among `whole` pixels: with `marked` in its middle, moved by up to
// a token so that `marked` begins on a token's edge, where the part still has room and holds it.
int first_of(const Run& marked, int whole, int length, int token) {
  const int centred = std::clamp(marked.first + (marked.count - length) / 2, 0, whole - length);
  const int after = centred + (marked.first - centred) % token, before = after - token;
  const auto fits = [&](int first) {
    return first >= 0 && first <= whole - length && first + length >= marked.first + marked.count;
  };
  const bool nearer_before = centred - before < after - centred;
  for (const int first : nearer_before ? std::array{before, after} : std::array{after, before}) {
    if (fits(first)) return first;
  }
  return centred;
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

Box part_around(const Box& marked, int width, int height, int size, int tokens) {
  const int extent = std::max(marked.width, marked.height), shorter = std::min(width, height);
  int side = extent + extent / 4;
  if (extent <= shorter) {
    // Whole pixels a token, so that a box of half the side covers half of the tokens.
    const int wanted = (2 * extent + tokens - 1) / tokens * tokens,
              whole = shorter / tokens * tokens;
    side = std::min(std::max(wanted, size), whole < extent ? shorter : whole);
  }
  Box part{0, 0, std::min(side, width), std::min(side, height)};
  const int token = std::max(1, std::max(part.width, part.height) / tokens);
  part.x = first_of({marked.x, marked.width}, width, part.width, token);
  part.y = first_of({marked.y, marked.height}, height, part.height, token);
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
