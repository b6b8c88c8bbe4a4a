#include "showo/image/alpha.h"

namespace showo {

Image flatten(const Rgba& picture, Ground ground) {
  const int behind = static_cast<int>(ground);
  Image image(picture.width, picture.height);
  for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
    const uint8_t* from = picture.rgba.data() + 4 * i;
    for (int c = 0; c < 3; ++c) {
      image.rgb[3 * i + c] =
          static_cast<uint8_t>((from[c] * from[3] + behind * (255 - from[3]) + 127) / 255);
    }
  }
  return image;
}

}  // namespace showo
