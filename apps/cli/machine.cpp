#include "apps/cli/machine.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <vector>

#include "showo/nn/product.h"

namespace showo::cli {
namespace {

constexpr int kRuns = 5;

double fastest(const std::function<void()>& work) {
  double best = seconds(work);
  for (int i = 1; i < kRuns; ++i) best = std::min(best, seconds(work));
  return best;
}

}  // namespace

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double streaming_read() {
  const at::Tensor buffer = at::ones({int64_t{1} << 28}, at::kInt);
  const auto* data = buffer.const_data_ptr<int>();
  std::atomic<int> sink = 0;
  const double took = fastest([&] {
    at::parallel_for(0, buffer.numel(), 1 << 20, [&](int64_t begin, int64_t end) {
      sink += std::accumulate(data + begin, data + end, 0);
    });
  });
  return static_cast<double>(buffer.nbytes()) / took;
}

double gemm_speed(at::ScalarType dtype, at::Device device) {
  const int64_t rows = device.is_cpu() ? 512 : 8192, inner = device.is_cpu() ? 2048 : 8192;
  constexpr int64_t kColumns = 8192;
  torch::NoGradGuard no_grad;
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  const auto a = at::randn({rows, inner}, options), b = at::randn({kColumns, inner}, options);
  const double took = fastest([&] { product(a, b, {}).narrow(0, 0, 1).cpu(); });  // waits for it
  return 2.0 * static_cast<double>(rows * inner * kColumns) / took;
}

int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * int64_t{1024};
}

}  // namespace showo::cli
