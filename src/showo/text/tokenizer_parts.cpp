#include "showo/text/tokenizer_parts.h"

#include <algorithm>

namespace showo {

void TokenizerParts::add(const AddedToken& token, const std::string& where) {
  constexpr int64_t kMostIds = 10'000'000;
  const int64_t id = token.id;
  if (token.text.empty() || id < 0 || id > kMostIds) {
    fail("{}: added token '{}' has id {}, expected a text and an id up to {}", where, token.text,
         id, kMostIds);
  }
  const std::string bytes = added_bytes(token.text);
  // Those behind the vocabulary come in any order, and no more room is made than there are tokens.
  std::string& place = id < static_cast<int64_t>(tokens.size()) ? tokens[id] : beyond_[id];
  if (!place.empty() && place != bytes) {
    fail("{}: added token '{}' has the id {} of another token", where, token.text, id);
  }
  place = bytes;
  const auto known = std::find_if(added.begin(), added.end(), [&](const AddedToken& other) {
    return other.text == token.text && other.id == id;
  });
  if (known == added.end()) {
    added.push_back(token);
  } else {
    known->special |= token.special;
  }
}

void TokenizerParts::begin_as_clip(FolderNotes& notes, const Spellings& vocabulary) {
  const auto found = vocabulary.ids.find(kStartOfText);
  if (found == vocabulary.ids.end()) return;
  notes.special.insert(kStartOfText);
  bos = found->second;
}

void TokenizerParts::finish(const FolderNotes& notes, const Spellings& vocabulary,
                            const std::string& where) {
  for (const auto& [token, from] : notes.added) add(token, from);
  // Special tokens may stand in the vocabulary, as GPT-2's <|endoftext|> does, and are never text.
  for (const auto& name : notes.special) {
    const auto found = vocabulary.ids.find(name);
    if (found != vocabulary.ids.end()) add({name, found->second, true}, where);
  }
  for (auto& token : added) token.special |= notes.special.contains(token.text);
  close(where);
  for (auto [end, id] : {std::pair(&notes.bos, &bos), {&notes.eos, &eos}}) {
    if (!end->told && *id) continue;
    const std::string& token = end->told ? end->token : kEndOfText;
    *id = id_of(token);
    if (end->told && !token.empty() && !*id) {
      fail("{}: the tokenizer has no '{}'", end->where, token);
    }
  }
}

void TokenizerParts::close(const std::string& where) {
  for (auto& [id, token] : beyond_) {
    if (id != static_cast<int64_t>(tokens.size())) {
      fail("{}: id {} has no token", where, tokens.size());
    }
    tokens.push_back(std::move(token));
  }
  beyond_.clear();
  const auto empty = std::find(tokens.begin(), tokens.end(), "");
  if (empty != tokens.end()) fail("{}: id {} has no token", where, empty - tokens.begin());
}

std::set<int64_t> TokenizerParts::special_ids() const {
  std::set<int64_t> ids;
  for (const auto& token : added) {
    if (token.special) ids.insert(token.id);
  }
  return ids;
}

std::optional<int64_t> TokenizerParts::id_of(std::string_view token) const {
  for (const auto& other : added) {
    if (other.text == token) return other.id;
  }
  const auto found = std::find(tokens.begin(), tokens.end(), token);
  if (found == tokens.end()) return std::nullopt;
  return found - tokens.begin();
}

}  // namespace showo
