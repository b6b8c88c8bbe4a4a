#include "showo/data/sample.h"

#include "showo/core/error.h"
#include "showo/image/decode.h"

namespace showo {

std::string Sample::title() const { return origin.empty() ? key : origin + ": " + key; }

namespace {

Image decoded(const Image& picture, const std::string& bytes, const std::string& title) {
  if (picture.width > 0) return picture;
  if (bytes.empty()) fail("{}: the sample holds no picture", title);
  return decode_image(std::as_bytes(std::span(bytes)), title);
}

}  // namespace

Image picture_of(const Sample& sample) {
  return decoded(sample.picture, sample.image_bytes, sample.title());
}

Image picture_of(const SampleFrame& frame, const std::string& title) {
  return decoded(frame.picture, frame.image_bytes, title);
}

std::vector<Image> pictures_of(const Sample& sample) {
  std::vector<Image> pictures = {picture_of(sample)};
  for (const SampleFrame& other : sample.others)
    pictures.push_back(picture_of(other, sample.title()));
  return pictures;
}

}  // namespace showo
