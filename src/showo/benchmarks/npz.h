// Arrays as NumPy stores several in a file: an .npz is a zip archive, stored or deflated, of .npy
// members (NumPy's format description, NEP 1).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "showo/core/files.h"

namespace showo {

struct NpyArray {
  std::vector<int64_t> shape;
  std::vector<double> values;  // in C's order
};

/// The named arrays, of little-endian float32 or float64, and those of `perhaps` that are there.
/// Throws Error naming the file and the array that is missing, of another type, damaged or larger
/// than 2 GiB.
std::map<std::string, NpyArray> read_npz(const fs::path& path,
                                         const std::vector<std::string>& names,
                                         const std::vector<std::string>& perhaps = {});
/// Arrays of float64, stored, as numpy.savez writes them; whole or not at all.
void write_npz(const fs::path& path, const std::map<std::string, NpyArray>& arrays);

}  // namespace showo
