#include "showo/core/replay.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <spdlog/spdlog.h>
#ifdef SHOWO_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace showo {

#ifdef SHOWO_CUDA

struct Replay::Recording {
  at::cuda::CUDAGraph graph;
  at::Tensor result;

  // Null when the work cannot be recorded.
  static std::unique_ptr<Recording> of(c10::Device device,
                                       const std::function<at::Tensor()>& work) {
    const c10::cuda::CUDAGuard on(device);
    c10::cuda::getCurrentCUDAStream().synchronize();  // what `work` reads was written there
    const c10::cuda::CUDAStreamGuard aside(c10::cuda::getStreamFromPool());
    auto recording = std::make_unique<Recording>();
    try {
      recording->graph.capture_begin();
      recording->result = work();
      recording->graph.capture_end();
      return recording;
    } catch (const c10::Error& error) {
      spdlog::warn("no CUDA graph, so steps are slower: {}", error.what_without_backtrace());
    }
    try {
      recording->graph.capture_end();
    } catch (const c10::Error&) {  // a broken recording says so once more as it ends
    }
    return nullptr;
  }
  at::Tensor replay(c10::Device device) {
    const c10::cuda::CUDAGuard on(device);
    graph.replay();
    return result.clone();
  }
};

#else

struct Replay::Recording {
  static std::unique_ptr<Recording> of(c10::Device, const std::function<at::Tensor()>&) {
    return nullptr;
  }
  at::Tensor replay(c10::Device) { return {}; }
};

#endif

Replay::Replay(c10::Device device, std::function<at::Tensor()> work)
    : device_(device), work_(std::move(work)) {}
Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;

at::Tensor Replay::operator()() {
  if (runs_++ == 1 && device_.is_cuda()) recording_ = Recording::of(device_, work_);
  RECORD_USER_SCOPE("showo::Replay");
  return recording_ ? recording_->replay(device_) : work_();
}

}  // namespace showo
