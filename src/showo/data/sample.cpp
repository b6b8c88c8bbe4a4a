#include "showo/data/sample.h"

#include "showo/core/error.h"
#include "showo/image/decode.h"

namespace showo {

std::string Sample::title() const { return origin.empty() ? key : origin + ": " + key; }

Image picture_of(const Sample& sample) {
  if (sample.picture.width > 0) return sample.picture;
  if (sample.image_bytes.empty()) fail("{}: the sample holds no picture", sample.title());
  return decode_image(std::as_bytes(std::span(sample.image_bytes)), sample.title());
}

}  // namespace showo
