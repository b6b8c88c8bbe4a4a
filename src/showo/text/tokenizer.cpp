#include "showo/text/tokenizer.h"

#include <algorithm>
#include <queue>
#include <tuple>

#include "showo/text/splitter.h"

namespace showo {
namespace {

// A merge that may be done: the better (lower) rank first, then from left to right.
struct Candidate {
  int32_t rank, left, left_id, right_id, merged;
  bool operator>(const Candidate& other) const {
    return std::tie(rank, left) > std::tie(other.rank, other.left);
  }
};

struct Symbol {
  int32_t id;
  int32_t before, after;  // −1 at the ends
};

}  // namespace

std::optional<int64_t> Tokenizer::id_of(std::string_view token) const {
  for (const auto& added : added_) {
    if (added.text == token) return added.id;
  }
  const auto found = ids_.find(std::string(token));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<int64_t> Tokenizer::encode(std::string_view text, bool recognise_special) const {
  std::vector<int64_t> ids;
  size_t plain_from = 0;
  for (size_t at = 0; at < text.size();) {
    if (!starts_added_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const auto found = std::find_if(added_.begin(), added_.end(), [&](const Added& added) {
      return (!added.special || recognise_special) && text.substr(at).starts_with(added.text);
    });
    if (found == added_.end()) {
      ++at;
      continue;
    }
    encode_plain(text.substr(plain_from, at - plain_from), ids);
    ids.push_back(found->id);
    at += found->text.size();
    plain_from = at;
  }
  encode_plain(text.substr(plain_from), ids);
  return ids;
}

void Tokenizer::encode_plain(std::string_view text, std::vector<int64_t>& ids) const {
  if (text.empty()) return;
  for (const auto word : splitter_->split(text)) encode_word(word, ids);
}

void Tokenizer::encode_word(std::string_view word, std::vector<int64_t>& ids) const {
  if (whole_words_) {
    const auto whole = ids_.find(std::string(word));
    if (whole != ids_.end()) return ids.push_back(whole->second);
  }
  const auto length = static_cast<int32_t>(word.size());
  std::vector<Symbol> symbols(length);
  for (int32_t i = 0; i < length; ++i) {
    symbols[i] = {byte_ids_[static_cast<unsigned char>(word[i])], i - 1,
                  i + 1 < length ? i + 1 : -1};
  }
  auto merge_at = [&](int32_t left) -> std::optional<Candidate> {
    if (left < 0 || symbols[left].after < 0) return std::nullopt;
    const int32_t a = symbols[left].id, b = symbols[symbols[left].after].id;
    const auto merge = merges_.find(pair_key(a, b));
    if (merge == merges_.end()) return std::nullopt;
    return Candidate{merge->second.rank, left, a, b, merge->second.id};
  };
  std::vector<Candidate> first;
  for (int32_t i = 0; i + 1 < length; ++i) {
    if (const auto candidate = merge_at(i)) first.push_back(*candidate);
  }
  std::priority_queue queue(std::greater<Candidate>{}, std::move(first));
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbols[best.left];
    if (left.id != best.left_id || left.after < 0) continue;  // merged meanwhile
    Symbol& right = symbols[left.after];
    if (right.id != best.right_id) continue;
    left.id = best.merged;
    left.after = right.after;
    right.id = -1;
    if (left.after >= 0) symbols[left.after].before = best.left;
    for (const int32_t at : {left.before, best.left}) {
      if (const auto candidate = merge_at(at)) queue.push(*candidate);
    }
  }
  for (int32_t at = length > 0 ? 0 : -1; at >= 0; at = symbols[at].after) {
    ids.push_back(symbols[at].id);
  }
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const {
  std::string text;
  for (const int64_t id : ids) {
    if (id < 0 || id >= size()) fail("token id {}: expected 0 to {}", id, size() - 1);
    text += tokens_[id];
  }
  return text;
}

}  // namespace showo
