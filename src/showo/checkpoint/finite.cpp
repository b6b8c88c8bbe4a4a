#include "showo/checkpoint/finite.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>
#include <limits>

#include "showo/checkpoint/load.h"
#include "showo/core/error.h"

namespace showo {
namespace {

// An exponent of all ones is a NaN or an infinity; looking for one reads each tensor once and
// copies nothing.
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

// The largest numbers that floating-point dtypes hold; bfloat16 reaches as far as float.
double reach(at::ScalarType dtype) {
  switch (dtype) {
    case at::kHalf:
      return 65504;
    case at::kDouble:
      return std::numeric_limits<double>::max();
    default:
      return std::numeric_limits<float>::max();
  }
}

}  // namespace

at::Tensor converted(const at::Tensor& tensor, at::ScalarType dtype, const std::string& name,
                     const std::string& source, at::Device device) {
  const at::ScalarType from = tensor.scalar_type();
  if (from == dtype) return tensor.device() == device ? tensor : tensor.to(device);
  const at::Tensor result = tensor.to(device, dtype);
  if (!at::isFloatingType(dtype)) {
    if (!result.to(tensor.device(), from).equal(tensor))
      fail("{}: tensor '{}' holds values that {} cannot hold", source, name, c10::toString(dtype));
  } else if (!tensor.is_floating_point()) {
    fail("{}: tensor '{}' is {}, expected a floating-point dtype", source, name,
         c10::toString(from));
  } else if (reach(dtype) < reach(from) && !is_finite(result)) {
    if (!is_finite(tensor)) fail("{}: tensor '{}' holds a value that is not finite", source, name);
    fail("{}: tensor '{}' holds a value of {:g}, which {} cannot hold (at most {:g})", source, name,
         tensor.abs().max().item<double>(), c10::toString(dtype), reach(dtype));
  }
  return result;
}

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
