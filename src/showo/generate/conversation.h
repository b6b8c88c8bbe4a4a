// Several turns about pictures: every question sees the pictures and the turns before it, which
// were read already.
#pragma once

#include "showo/generate/pipeline.h"

namespace showo {

class Conversation {
 public:
  Conversation(Pipeline& pipeline, Seen pictures);
  /// Throws UsageError for a question without a word, and when the model's positions are used up.
  /// Turns that were answered stay as they are then.
  Answer ask(const std::string& question, const TextOptions& options, uint64_t seed,
             const OnToken& on_token = {});
  /// Questions and answers so far.
  const Turns& turns() const { return turns_; }

 private:
  Pipeline& pipeline_;
  Row row_;
  Tensor features_;
  Turns turns_;
};

}  // namespace showo
