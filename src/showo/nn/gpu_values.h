// Kernels of this folder for tensors of fp32, bf16 and fp16: one source, in which a Value is read
// by load(Value) and written by store(float). Private to this folder.
#pragma once

#include <c10/core/ScalarType.h>

#include "showo/core/gpu_kernels.h"

namespace showo {

class GpuValues {
 public:
  /// `source` as GpuKernels has it.
  explicit GpuValues(const std::string& source)
      : float_(std::string(kFloat) + source),
        bfloat16_(std::string(kBFloat16) + source),
        half_(std::string(kHalf) + source) {}
  static bool knows(at::ScalarType dtype) {
    return dtype == at::kFloat || dtype == at::kBFloat16 || dtype == at::kHalf;
  }
  GpuKernels& of(at::ScalarType dtype) {
    return dtype == at::kFloat ? float_ : dtype == at::kBFloat16 ? bfloat16_ : half_;
  }

 private:
  // Rounding to the nearest even, as LibTorch's.
  static constexpr const char* kFloat = R"cuda(
typedef float Value;
__device__ float load(Value v) { return v; }
__device__ Value store(float v) { return v; }
)cuda";
  static constexpr const char* kBFloat16 = R"cuda(
typedef unsigned short Value;
__device__ float load(Value v) { return __uint_as_float((unsigned)v << 16); }
__device__ Value store(float v) {
  unsigned bits = __float_as_uint(v);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
}
)cuda";
  static constexpr const char* kHalf = R"cuda(
typedef unsigned short Value;
__device__ float load(Value v) {
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(v));
  return wide;
}
__device__ Value store(float v) {
  Value narrow;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(narrow) : "f"(v));
  return narrow;
}
)cuda";
  GpuKernels float_, bfloat16_, half_;
};

}  // namespace showo
