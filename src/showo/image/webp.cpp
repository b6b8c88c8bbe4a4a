#include "showo/image/webp.h"

#include <webp/decode.h>

#include "showo/core/error.h"

namespace showo {

Rgba decode_webp(std::span<const std::byte> bytes, const std::string& name, int64_t max_pixels) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    fail("{}: not a readable WebP", name);
  if (features.has_animation) fail("{}: an animated WebP; expected a single picture", name);
  check_pixels(features.width, features.height, name, max_pixels);
  Rgba image{features.width, features.height, {}};
  image.rgba.resize(static_cast<size_t>(image.width) * image.height * 4);
  if (!WebPDecodeRGBAInto(data, bytes.size(), image.rgba.data(), image.rgba.size(),
                          image.width * 4)) {
    fail("{}: not a readable WebP: corrupt or truncated", name);
  }
  return image;
}

}  // namespace showo
