// The committed pictures of tests/image/data and what is expected of them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "showo/core/error.h"
#include "showo/image/decode.h"
#include "showo/image/image.h"

namespace showo {

const fs::path kPictures = SHOWO_SOURCE_DIR "/tests/image/data";

// Everything that decodes; NAME.ppm holds what it decodes to.
inline const std::vector<std::string> kReadable = {
    "rgb.png",
    "grey.png",
    "grey_alpha.png",
    "rgba.png",
    "palette.png",
    "palette_alpha.png",
    "colour_key.png",
    "one_bit.png",
    "interlaced.png",
    "rgb_16.png",
    "interlaced_1x1.png",
    "rgba_16.png",
    "grey_16.png",
    "texts.png",
    "rgb.jpg",
    "subsampled.jpg",
    "grey.jpg",
    "progressive.jpg",
    "cmyk.jpg",
    "orientation_1.jpg",
    "orientation_2.jpg",
    "orientation_3.jpg",
    "orientation_4.jpg",
    "orientation_5.jpg",
    "orientation_6.jpg",
    "orientation_7.jpg",
    "orientation_8.jpg",
    "lossy.webp",
    "lossless.webp",
    "lossy_alpha.webp",
    "lossless_alpha.webp",
};

// As make.py writes them: "P6 WIDTH HEIGHT 255\n" and the bytes.
inline Image read_ppm(const fs::path& path) {
  const std::string file = read_file(path);
  const size_t header = file.find('\n') + 1;
  std::istringstream words(file.substr(0, header));
  std::string magic;
  int width = 0, height = 0, most = 0;
  words >> magic >> width >> height >> most;
  Image image(width, height);
  EXPECT_EQ(magic, "P6") << path;
  EXPECT_EQ(image.rgb.size(), file.size() - header) << path;
  std::copy(file.begin() + header, file.end(), image.rgb.begin());
  return image;
}

inline Image decode(const std::string& bytes, int64_t max_pixels = kMaxPixels) {
  return decode_image(std::as_bytes(std::span(bytes)), "some.file", max_pixels);
}

// What decoding says: the Error's message, or "" when it succeeds. Any other exception goes on.
inline std::string complaint(const std::string& bytes, int64_t max_pixels = kMaxPixels) {
  try {
    decode(bytes, max_pixels);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline int largest_difference(const Image& a, const Image& b) {
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i)
    largest = std::max(largest, std::abs(int{a.rgb[i]} - int{b.rgb[i]}));
  return largest;
}

// Test names hold letters, digits and underscores only.
inline std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

}  // namespace showo
