// An answer as it grows: its whole characters, token by token, the same text in the end as
// Pipeline::spell gives of all tokens.
#pragma once

#include <memory>
#include <string>

#include "showo/text/stream_decoder.h"

namespace showo {

class AnswerStream {
 public:
  /// `end`: the token that ends an answer, which has no text.
  AnswerStream(std::shared_ptr<const Tokenizer> tokenizer, int64_t end)
      : tokenizer_(tokenizer), decoder_(std::move(tokenizer)), end_(end) {}
  /// What is whole by now: perhaps nothing.
  std::string add(int64_t token);
  /// What is left in the end: the bytes of a character that was cut off.
  std::string rest() { return trimmed(decoder_.rest()); }

 private:
  std::string trimmed(std::string text);
  std::shared_ptr<const Tokenizer> tokenizer_;
  StreamDecoder decoder_;
  int64_t end_;
  bool begun_ = false;
};

}  // namespace showo
