// Pictures and codes as NumPy arrays, which torch and Pillow share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <span>
#include <vector>

#include "showo/image.h"

namespace nb = nanobind;

namespace showo::python {

using Pixels = nb::ndarray<const uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Codes = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// uint8 [height, width, 3]; a copy.
Image image_of(const Pixels& pixels);
std::vector<Image> images_of(const nb::list& pictures);
/// The same array and the memory of what is given up.
nb::object pixels_of(Image&& image);
/// int64 [N], in the memory of what is given up.
nb::object codes_of(std::vector<int64_t>&& codes);
inline std::span<const int64_t> span_of(const Codes& codes) { return {codes.data(), codes.size()}; }

}  // namespace showo::python
