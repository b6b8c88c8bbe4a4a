// Tensors that only have a shape, for models whose weights a file brings: what the file's config
// claims costs no memory before it was held against the weights' own shapes.
#pragma once

#include <ATen/core/Tensor.h>

namespace showo {

/// While it lives, unset() gives tensors of one element that is shared by all places. They are to
/// be replaced, never read or written.
class Weightless {
 public:
  Weightless();
  ~Weightless();
  Weightless(const Weightless&) = delete;
  Weightless& operator=(const Weightless&) = delete;

 private:
  bool before_;
};

/// A tensor for a weight, not initialised.
at::Tensor unset(at::IntArrayRef shape, const at::TensorOptions& options = {});

}  // namespace showo
