// Whether weights are numbers: an exponent of all ones is a NaN or an infinity. Reads each tensor
// once and copies nothing.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>

#include "showo/checkpoint/load.h"
#include "showo/core/error.h"

namespace showo {
namespace {

template <class Bits>
bool all_finite(const void* data, int64_t count, Bits exponent) {
  const Bits* values = static_cast<const Bits*>(data);
  std::atomic<bool> finite = true;
  at::parallel_for(0, count, 1 << 16, [&](int64_t begin, int64_t end) {
    bool bad = false;
    for (int64_t i = begin; i < end; ++i) bad |= (values[i] & exponent) == exponent;
    if (bad) finite = false;
  });
  return finite;
}

bool is_finite(const at::Tensor& tensor) {
  if (!tensor.is_cpu() || !tensor.is_non_overlapping_and_dense())
    return tensor.isfinite().all().item<bool>();
  const void* data = tensor.const_data_ptr();
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return all_finite<uint32_t>(data, tensor.numel(), 0x7f800000);
    case at::kBFloat16:
      return all_finite<uint16_t>(data, tensor.numel(), 0x7f80);
    case at::kHalf:
      return all_finite<uint16_t>(data, tensor.numel(), 0x7c00);
    default:
      return tensor.isfinite().all().item<bool>();
  }
}

}  // namespace

void check_finite(const TensorMap& tensors, const std::string& source) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.is_floating_point() && !is_finite(tensor)) {
      fail("{}: tensor '{}' holds a value that is not finite", source, name);
    }
  }
}

void check_finite(const torch::nn::Module& module, const std::string& source) {
  check_finite(state_of(module), source);
}

}  // namespace showo
