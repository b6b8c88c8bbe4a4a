// Work that is done again and again in the same memory. A GPU is handed it whole, as it was
// recorded (a CUDA graph): one by one, small kernels take longer to start than to run.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace showo {

class Replay {
 public:
  /// `work` computes a tensor on `device` from memory that keeps its place between runs, and waits
  /// for nothing there: no value is read back, nothing comes from the host.
  Replay(c10::Device device, std::function<at::Tensor()> work);
  ~Replay();
  Replay(Replay&&) noexcept;
  /// A new tensor, as `work` returns it. On a GPU the first run records it – in a process that has
  /// not recorded yet, the second – and later ones replay the recording. Where that cannot be done
  /// every run calls it.
  at::Tensor operator()();

 private:
  struct Recording;
  c10::Device device_;
  std::function<at::Tensor()> work_;
  std::unique_ptr<Recording> recording_;
  int runs_ = 0;
};

}  // namespace showo
