// A writable private map of a weights file, and tensors that alias it. Private to this folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>

#include "showo/core/files.h"

namespace showo {

class Mapping : public std::enable_shared_from_this<Mapping> {
 public:
  static std::shared_ptr<Mapping> open(const fs::path& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  size_t size() const { return size_; }
  std::string_view text() const { return {data_, size_}; }
  /// Contiguous elements at a byte offset as a tensor that keeps the map alive; the caller has
  /// checked that they lie in the file. Copied when the offset is not a multiple of the element's
  /// size. Pages that only this tensor covers leave the memory with it, so that converting weights
  /// one by one holds one of them twice, not all.
  at::Tensor tensor(size_t offset, at::IntArrayRef shape, at::ScalarType dtype);

 private:
  static void release(char* start, size_t bytes);
  Mapping(char* data, size_t size) : data_(data), size_(size) {}
  char* data_;
  size_t size_;
};

}  // namespace showo
