#include "showo/image/preprocess.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "showo/core/error.h"
#include "showo/image/part.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // as Pillow: 8 bits of value, 2 bits of headroom

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// The source pixels of one target pixel and their fixed-point weights.
struct Window {
  int first = 0;
  std::vector<int> weights;
};

std::vector<Window> windows(int from, int to) {
  const double scale = static_cast<double>(from) / to, filter_scale = std::max(scale, 1.0),
               support = 2 * filter_scale;
  std::vector<Window> result(to);
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(from, static_cast<int>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int x = first; x < last; ++x)
      sum += weights.emplace_back(bicubic((x - centre + 0.5) / filter_scale));
    result[i].first = first;
    for (double weight : weights) {
      const double fixed = weight / sum * (1 << kPrecisionBits);
      result[i].weights.push_back(static_cast<int>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
  }
  return result;
}

uint8_t to_byte(int sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

Image resize_across(const Image& image, int width) {
  Image result(width, image.height);
  const auto columns = windows(image.width, width);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < width; ++x) {
      int sum[3] = {1 << (kPrecisionBits - 1), 1 << (kPrecisionBits - 1),
                    1 << (kPrecisionBits - 1)};
      const uint8_t* from = image.pixel(columns[x].first, y);
      for (int weight : columns[x].weights) {
        for (int c = 0; c < 3; ++c) sum[c] += *from++ * weight;
      }
      for (int c = 0; c < 3; ++c) result.pixel(x, y)[c] = to_byte(sum[c]);
    }
  }
  return result;
}

Image resize_down(const Image& image, int height) {
  Image result(image.width, height);
  const auto rows = windows(image.height, height);
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < image.width * 3; ++i) {
      int sum = 1 << (kPrecisionBits - 1);
      const uint8_t* from = image.pixel(0, rows[y].first) + i;
      for (int weight : rows[y].weights) {
        sum += *from * weight;
        from += static_cast<ptrdiff_t>(image.width) * 3;
      }
      result.pixel(0, y)[i] = to_byte(sum);
    }
  }
  return result;
}

// torchvision crops at Python's round(), whose halves go to the even neighbour; CLIP's processor
// rounds down.
int rounded_offset(int whole, int part) {
  return static_cast<int>(std::nearbyint((whole - part) / 2.0));
}
int floored_offset(int whole, int part) { return (whole - part) / 2; }

// Shorter side to `size`, then the size×size centre.
Image resize_and_crop(const Image& image, int size, int (*offset)(int whole, int part)) {
  if (image.width < 1 || image.height < 1 || size < 1)
    fail("{}: it cannot be resized to {}×{}", describe(image), size, size);
  const bool wide = image.width > image.height;
  const int64_t shorter = std::min(image.width, image.height),
                longer = std::max(image.width, image.height);
  const int64_t scaled = size * longer / shorter;
  if (scaled > kMaxPixels / size)
    fail("{}: too long to be scaled to {} pixels on its shorter side", describe(image), size);
  const int along = static_cast<int>(scaled);
  const Image resized = resize_bicubic(image, wide ? along : size, wide ? size : along);
  if (resized.width == size && resized.height == size) return resized;
  return crop(resized, {offset(resized.width, size), offset(resized.height, size), size, size});
}

}  // namespace

Image resize_bicubic(const Image& image, int width, int height) {
  if (width < 1 || height < 1) fail("a picture cannot be resized to {}×{}", width, height);
  Image result = width == image.width ? image : resize_across(image, width);
  return height == image.height ? result : resize_down(result, height);
}

Image resize_and_crop(const Image& image, int size) {
  return resize_and_crop(image, size, rounded_offset);
}

at::Tensor preprocess_showo(const Image& image, int size) {
  return to_tensor(resize_and_crop(image, size));
}

at::Tensor preprocess_clip(const Image& image, int size) {
  const auto colours = [](const std::array<double, 3>& values) {
    return at::tensor(at::ArrayRef<double>(values), at::kFloat).view({3, 1, 1});
  };
  const auto unit = to_tensor(resize_and_crop(image, size, floored_offset)).add(1).div(2);
  return (unit - colours(kClipMean)) / colours(kClipDeviation);
}

}  // namespace showo
