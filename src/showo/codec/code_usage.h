// How much of the codebook recent batches use.
#pragma once

#include "showo/core/torch.h"

namespace showo {

class CodeUsage {
 public:
  /// Each batch counts 2 % less than the one after it: the last fifty or so matter.
  explicit CodeUsage(int64_t codebook_size)
      : counts_(torch::zeros({codebook_size}, torch::kDouble)) {}
  void add(const torch::Tensor& codes) {
    const auto here = torch::bincount(codes.detach().flatten().cpu(), {}, counts_.size(0));
    counts_.mul_(0.98).add_(here);
  }
  /// e to the entropy of the codes' frequencies: n when n codes are equally frequent.
  double perplexity() const {
    const auto p = counts_ / counts_.sum();
    return torch::special_entr(p).sum().exp().item<double>();
  }
  /// For checkpoints.
  const torch::Tensor& counts() const { return counts_; }
  void set_counts(const torch::Tensor& counts) { counts_.copy_(counts); }

 private:
  torch::Tensor counts_;
};

}  // namespace showo
