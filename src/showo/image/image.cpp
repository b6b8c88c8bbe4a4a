#include "showo/image/image.h"

#include "showo/core/error.h"

namespace showo {

std::string describe(const Image& image, const char* what) {
  const auto [width, height] =
      image.turned ? std::pair(image.height, image.width) : std::pair(image.width, image.height);
  return fmt::format("{}{}the {} is {}×{}{}", image.name, image.name.empty() ? "" : ": ", what,
                     width, height, image.turned ? ", turned by its EXIF orientation" : "");
}

void check_pixels(int64_t width, int64_t height, const std::string& name, int64_t max_pixels) {
  if (width < 1 || height < 1) fail("{}: the picture is {}×{} pixels", name, width, height);
  if (width > max_pixels / height) {
    fail("{}: the picture is {}×{} pixels, more than the limit of {} in all", name, width, height,
         max_pixels);
  }
}

}  // namespace showo
