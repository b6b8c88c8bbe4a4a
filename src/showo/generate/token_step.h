// One token more of several texts, in memory that keeps its place, so that a GPU can replay it: the
// caches have room for many tokens more, and a mask on the device says how far each is filled. When
// the room is used up there is more of it, in another place.
#pragma once

#include <optional>
#include <vector>

#include "showo/core/replay.h"
#include "showo/generate/context.h"

namespace showo {

class TokenStep {
 public:
  /// Texts behind what each cache holds; `room` tokens more each time there is none left. In the
  /// end the caches hold what they held before.
  TokenStep(Backbone& model, std::vector<Context*> texts, int64_t room);
  ~TokenStep();
  TokenStep(const TokenStep&) = delete;
  /// A text's next token each → logits [texts, V] on the CPU, fp32. Texts that have ended may be
  /// given any token.
  Tensor operator()(const std::vector<int64_t>& tokens);

 private:
  void make_room();
  Tensor logits();
  Backbone& model_;
  std::vector<KvCache*> caches_;
  int64_t room_, written_ = 0;
  std::vector<int64_t> starts_;
  Tensor ids_, places_,
      positions_;  // [texts]: the next token, where in its cache, and its position
  std::optional<Replay> logits_;
};

}  // namespace showo
