// Data parallelism: gradients summed over all processes in buckets, each sent as soon as the
// backward pass has filled it, so that sending overlaps computing (Li et al., arXiv 2006.15704).
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "showo/dist/group.h"

namespace showo {

class GradientReducer {
 public:
  /// `parameters` in the order of the forward pass: buckets are filled from the last on. They keep
  /// hooks into this object, which must outlive every backward pass.
  GradientReducer(std::vector<at::Tensor> parameters, Group group,
                  int64_t bucket_bytes = int64_t{25} << 20);
  ~GradientReducer();
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;

  /// The next backward pass is the step's last: its gradients are sent.
  void arm();
  /// Waits; every parameter's gradient is now the sum over all processes. Parameters that got none
  /// here count as zero.
  void finish();

 private:
  struct Bucket {
    std::vector<size_t> members;
    size_t ready = 0;
    at::Tensor flat;
    std::function<void()> wait;
  };
  struct Hook;
  void on_gradient(size_t parameter);
  void send(Bucket& bucket);

  std::vector<at::Tensor> parameters_;
  Group group_;
  std::vector<Bucket> buckets_;
  std::vector<size_t> bucket_of_;
  size_t next_ = 0;  // buckets are sent in this order on every process
  bool armed_ = false;
};

/// ZeRO-1 (arXiv 1910.02054): who keeps the optimizer's state of which parameter, the same on every
/// process; sizes are balanced.
std::vector<int> assign_owners(const std::vector<at::Tensor>& parameters, int processes);

/// Every process gets each parameter from its owner.
void exchange_parameters(const std::vector<at::Tensor>& parameters, const std::vector<int>& owners,
                         Group& group);

}  // namespace showo
