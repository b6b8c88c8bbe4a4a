#include "python/bindings/values.h"

#include <algorithm>
#include <memory>

namespace showo::python {
namespace {

template <class T>
nb::capsule owner(std::unique_ptr<T> owned) {
  return nb::capsule(owned.release(), [](void* held) noexcept { delete static_cast<T*>(held); });
}

}  // namespace

Image image_of(const Pixels& pixels) {
  Image image(static_cast<int>(pixels.shape(1)), static_cast<int>(pixels.shape(0)));
  std::copy_n(pixels.data(), pixels.size(), image.rgb.begin());
  return image;
}

std::vector<Image> images_of(const nb::list& pictures) {
  std::vector<Image> images;
  for (nb::handle picture : pictures) images.push_back(image_of(nb::cast<Pixels>(picture)));
  return images;
}

nb::object pixels_of(Image&& image) {
  const auto height = static_cast<size_t>(image.height), width = static_cast<size_t>(image.width);
  auto rgb = std::make_unique<std::vector<uint8_t>>(std::move(image.rgb));
  uint8_t* data = rgb->data();
  return nb::cast(nb::ndarray<nb::numpy, uint8_t, nb::ndim<3>>(data, {height, width, 3},
                                                               owner(std::move(rgb))));
}

nb::object codes_of(std::vector<int64_t>&& codes) {
  auto held = std::make_unique<std::vector<int64_t>>(std::move(codes));
  int64_t* data = held->data();
  const size_t size = held->size();
  return nb::cast(
      nb::ndarray<nb::numpy, int64_t, nb::ndim<1>>(data, {size}, owner(std::move(held))));
}

}  // namespace showo::python
