#include "showo/core/weightless.h"

#include <ATen/Functions.h>

namespace showo {
namespace {

thread_local bool weightless = false;

}  // namespace

Weightless::Weightless() : before_(weightless) { weightless = true; }
Weightless::~Weightless() { weightless = before_; }

at::Tensor unset(at::IntArrayRef shape, const at::TensorOptions& options) {
  return weightless ? at::empty(at::IntArrayRef(), options).expand(shape)
                    : at::empty(shape, options);
}

}  // namespace showo
