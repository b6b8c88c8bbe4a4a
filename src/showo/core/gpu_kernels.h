// Kernels of our own for NVIDIA GPUs. They are compiled by NVRTC, which comes with every LibTorch
// that has CUDA, when a GPU first needs them: building this project takes no CUDA compiler.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

namespace showo {

class GpuKernels {
 public:
  /// CUDA C++ that includes nothing; its kernels are extern "C".
  explicit GpuKernels(std::string source);
  ~GpuKernels();
  GpuKernels(const GpuKernels&) = delete;
  GpuKernels& operator=(const GpuKernels&) = delete;

  /// Whether they can be launched on the device. Where they cannot – no GPU, a build without CUDA's
  /// headers, no NVRTC – the reason is said once, and LibTorch's operators have to do.
  bool usable(c10::Device device);
  /// On the device's current stream. `arguments` points to each of the kernel's parameters.
  void launch(const char* name, c10::Device device, int64_t blocks, int64_t threads,
              void** arguments);

 private:
  struct Compiled;
  std::string source_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace showo
