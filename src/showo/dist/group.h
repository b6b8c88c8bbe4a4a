// The processes of one job (paper 3.5 trains on many GPUs): c10d's Gloo on CPUs, NCCL on GPUs. A
// job of one process needs neither; every call is then a no-op.
//
// Tensors of a step are exchanged within a time limit: all processes are at the same place, and one
// that does not come is lost. Where one may come much later, as it writes a checkpoint, draws a
// preview, opens its sources or reads a slow disk, they agree() first: that waits as long as the
// others give signs of life.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace showo {

class Group {
 public:
  /// One process.
  Group();
  /// As torchrun and its kin say it: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (without the
  /// first two, srun's or mpirun's variables give rank and size). One process when none is set, as
  /// in a batch script of many tasks that starts the program itself. A lost process is an Error on
  /// all others within `timeout`. Throws Error naming a variable that is missing or wrong.
  static Group from_environment(c10::Device device,
                                std::chrono::seconds timeout = std::chrono::seconds(60));

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool leads() const { return rank_ == 0; }

  /// Sums a few numbers over all processes, which may come to it at very different times. A process
  /// that has given no sign of life for the time limit is an Error on all others.
  std::vector<double> agree(std::vector<double> numbers);
  /// Waits in the same way until all processes are here.
  void meet() { agree({0}); }

  /// Begins to sum a contiguous tensor over all processes, in place; the function returned waits
  /// for the end, no longer than the time limit.
  std::function<void()> begin_sum(const at::Tensor& tensor);
  /// Gives every process the contiguous tensor of process `root`.
  void broadcast(at::Tensor& tensor, int root);

 private:
  struct Backend;
  std::shared_ptr<Backend> backend_;
  int rank_ = 0, size_ = 1;
};

/// The index of this process among those of its machine: LOCAL_RANK, or 0.
int local_rank();

}  // namespace showo
