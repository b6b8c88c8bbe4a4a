// Text that grows with its ids: what is shown never ends inside a character.
#pragma once

#include <memory>

#include "showo/text/tokenizer.h"

namespace showo {

class StreamDecoder {
 public:
  /// `begins`: the ids are the beginning of a text, as Tokenizer::decode takes them; else they go
  /// on after another one.
  explicit StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool begins = true)
      : tokenizer_(std::move(tokenizer)), drop_space_(begins && tokenizer_->drops_first_space()) {}

  /// Takes one id more and returns the text that is whole by now: perhaps none. Throws Error for an
  /// id that the tokenizer does not have.
  std::string add(int64_t id);
  /// What is left at the end: the bytes of a character that was cut off.
  std::string rest();

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  bool drop_space_;  // nothing has come yet
  std::string held_;
};

}  // namespace showo
