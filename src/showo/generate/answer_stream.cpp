#include "showo/generate/answer_stream.h"

namespace showo {

std::string AnswerStream::add(int64_t token) {
  if (token == end_ || token >= tokenizer_->size()) return {};
  return trimmed(decoder_.add(token));
}

std::string AnswerStream::trimmed(std::string text) {
  if (!begun_) text.erase(0, text.find_first_not_of(" \n"));
  begun_ |= !text.empty();
  return text;
}

}  // namespace showo
