// One token more of a text, in memory that keeps its place, so that a GPU can replay it: the cache
// has room for many tokens more, and a mask on the device says how far it is filled. When the room
// is used up there is more of it, in another place.
#pragma once

#include <optional>

#include "showo/core/replay.h"
#include "showo/generate/context.h"

namespace showo {

class TokenStep {
 public:
  /// Behind what the context's cache holds; `room` tokens more each time there is none left. In the
  /// end the cache holds what was written besides.
  TokenStep(const Backbone& model, Context& context, int64_t room);
  ~TokenStep();
  TokenStep(const TokenStep&) = delete;
  /// The text's next token → the logits [V] after it on the CPU, fp32.
  Tensor operator()(int64_t token);

 private:
  void make_room();
  Tensor logits();
  Backbone model_;
  KvCache& cache_;
  int64_t room_, start_, written_ = 0;
  Tensor id_, place_, position_;  // [1]: of the next token, where in the cache, and its position
  std::optional<Replay> logits_;
};

}  // namespace showo
