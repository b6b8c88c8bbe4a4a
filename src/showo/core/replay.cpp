#include "showo/core/replay.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <spdlog/spdlog.h>

#include <atomic>
#ifdef SHOWO_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>

#include "showo/core/error.h"
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
      // What other threads do on the GPU meanwhile is none of the recording's business.
      recording->graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      recording->result = work();
      recording->graph.capture_end();
      return recording;
    } catch (const c10::Error& error) {
      explain(error.what_without_backtrace());
    } catch (const std::exception& error) {
      explain(error.what());
    }
    // The stream must not stay in recording, whatever went wrong.
    try {
      recording->result = at::Tensor();
      recording->graph.capture_end();
    } catch (const std::exception&) {  // a broken recording says so once more as it ends
    }
    return nullptr;
  }
  static void explain(const char* what) {
    spdlog::warn("no CUDA graph, so steps are slower: {}", one_line(what));
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
  // The first recording of a process waits for a run that makes what LibTorch makes once.
  static std::atomic<bool> recorded = false;
  if (device_.is_cuda() && runs_++ == (recorded ? 0 : 1)) {
    recording_ = Recording::of(device_, work_);
    if (recording_) recorded = true;
  }
  RECORD_USER_SCOPE("showo::Replay");
  return recording_ ? recording_->replay(device_) : work_();
}

}  // namespace showo
