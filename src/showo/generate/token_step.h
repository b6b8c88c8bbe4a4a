// One token more of several texts, in memory that keeps its place, so that a GPU can replay it: the
// caches are as long as they will ever be, and a mask on the device says how far each is filled.
#pragma once

#include <vector>

#include "showo/core/replay.h"
#include "showo/model/showo.h"

namespace showo {

class TokenStep {
 public:
  /// Texts behind what each cache holds, at most `most` tokens more. In the end the caches hold
  /// what they held before.
  TokenStep(Showo& model, std::vector<KvCache*> caches, int64_t most);
  ~TokenStep();
  TokenStep(const TokenStep&) = delete;
  /// A text's next token each → logits [texts, V] on the CPU, fp32. Texts that have ended may be
  /// given any token.
  Tensor operator()(const std::vector<int64_t>& tokens);

 private:
  Tensor logits();
  Showo& model_;
  std::vector<KvCache*> caches_;
  std::vector<int64_t> starts_, rooms_;
  Tensor ids_, positions_;  // [1, texts]
  Replay logits_;
};

}  // namespace showo
