#include "showo/image/webp.h"

#include <webp/decode.h>
#include <webp/encode.h>

#include <memory>

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

std::string encode_webp(const Image& image, int quality) {
  if (image.width < 1 || image.height < 1) fail("WebP: the picture is empty");
  uint8_t* bytes = nullptr;
  const size_t size = WebPEncodeRGB(image.rgb.data(), image.width, image.height, image.width * 3,
                                    static_cast<float>(quality), &bytes);
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(bytes, WebPFree);
  if (size == 0) {
    fail("WebP: {}×{} pixels could not be written, expected at most {} a side", image.width,
         image.height, WEBP_MAX_DIMENSION);
  }
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace showo
