#include "showo/text/added_tokens.h"

#include <algorithm>

namespace showo {

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.text.size() > b.text.size();
  });
  for (const auto& token : tokens_) starts_[static_cast<unsigned char>(token.text[0])] = true;
}

// The longest token that `text` starts with.
const AddedToken* AddedTokens::at(std::string_view text, bool recognise_special) const {
  if (!starts_[static_cast<unsigned char>(text[0])]) return nullptr;
  const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const AddedToken& token) {
    return (!token.special || recognise_special) && text.starts_with(token.text);
  });
  return found == tokens_.end() ? nullptr : &*found;
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text,
                                                  bool recognise_special) const {
  std::vector<Part> parts;
  size_t plain_from = 0;
  auto end_plain = [&](size_t end) {
    if (end > plain_from) parts.push_back({text.substr(plain_from, end - plain_from), {}});
  };
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = this->at(text.substr(at), recognise_special);
    if (!token) {
      ++at;
      continue;
    }
    end_plain(at);
    parts.push_back({{}, token->id});
    plain_from = at += token->text.size();
  }
  end_plain(text.size());
  return parts;
}

}  // namespace showo
