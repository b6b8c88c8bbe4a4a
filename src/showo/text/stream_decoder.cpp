#include "showo/text/stream_decoder.h"

#include "showo/core/utf8.h"

namespace showo {
namespace {

// Whether these bytes are the beginning of a character, but not all of it.
bool begins_character(std::string_view bytes) {
  for (const char filler : {'\x80', '\xbf'}) {
    std::string filled(bytes);
    while (filled.size() < 4) {
      filled += filler;
      if (utf8_length(filled) == filled.size()) return true;
    }
  }
  return false;
}

// Bytes at the end that a character may still be made of.
size_t unfinished(std::string_view text) {
  for (size_t length = std::min<size_t>(3, text.size()); length > 0; --length) {
    if (begins_character(text.substr(text.size() - length))) return length;
  }
  return 0;
}

}  // namespace

std::string StreamDecoder::add(int64_t id) {
  std::string_view bytes = tokenizer_->bytes_of(id);
  if (drop_space_ && bytes.starts_with(' ')) bytes.remove_prefix(1);
  drop_space_ = false;
  std::string text = std::move(held_).append(bytes);
  const size_t whole = text.size() - unfinished(text);
  held_ = text.substr(whole);
  text.resize(whole);
  return text;
}

std::string StreamDecoder::rest() { return std::exchange(held_, {}); }

}  // namespace showo
