// The processes of one job (paper 3.5 trains on many GPUs): c10d's Gloo on CPUs, NCCL on GPUs. A
// job of one process needs neither; every call is then a no-op.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <chrono>
#include <functional>
#include <memory>

namespace showo {

class Group {
 public:
  /// One process.
  Group();
  /// As torchrun and its kin say it: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (without them
  /// Slurm's and Open MPI's variables give rank and size). One process when none is set. A lost
  /// process is an Error on all others within `timeout`. Throws Error naming a variable that is
  /// missing or wrong.
  static Group from_environment(c10::Device device,
                                std::chrono::seconds timeout = std::chrono::seconds(60));

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool leads() const { return rank_ == 0; }

  /// Sums a contiguous tensor over all processes, in place.
  void sum(at::Tensor& tensor);
  /// The same, begun now; the function returned waits for the end.
  std::function<void()> begin_sum(const at::Tensor& tensor);
  /// Gives every process the contiguous tensor of process `root`.
  void broadcast(at::Tensor& tensor, int root);
  /// Waits until all processes are here.
  void barrier();

 private:
  struct Backend;
  std::shared_ptr<Backend> backend_;
  int rank_ = 0, size_ = 1;
};

/// The index of this process among those of its machine: LOCAL_RANK, or 0.
int local_rank();

}  // namespace showo
