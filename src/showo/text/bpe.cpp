#include "showo/text/bpe.h"

#include <algorithm>
#include <tuple>

namespace showo {
namespace {

// The heap's top is the best.
constexpr auto kWorse = [](const auto& a, const auto& b) {
  return std::tie(a.rank, a.left) > std::tie(b.rank, b.left);
};

}  // namespace

Spellings read_vocabulary(const Json& vocabulary, const std::string& where) {
  if (!vocabulary.is_object() || vocabulary.empty()) {
    fail("{}: the vocabulary: expected tokens and their ids", where);
  }
  Spellings result;
  result.by_id.resize(vocabulary.size());
  std::vector<bool> seen(vocabulary.size());
  for (const auto& [spelling, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= seen.size()) {
      fail("{}: token '{}' has id {}, expected 0 to {}", where, spelling, config_detail::shown(id),
           seen.size() - 1);
    }
    const auto index = id.get<size_t>();
    if (seen[index]) fail("{}: id {} stands twice", where, index);
    seen[index] = true;
    result.by_id[index] = spelling;
    result.ids.emplace(spelling, static_cast<int32_t>(index));
  }
  return result;
}

std::pair<std::string, std::string> split_merge(const std::string& line, const std::string& where) {
  const size_t space = line.find(' ');
  if (space == std::string::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string::npos) {
    fail("{}: merges: '{}': expected two tokens and a space", where, line);
  }
  return {line.substr(0, space), line.substr(space + 1)};
}

Merges::Merges(const MergeList& list, const Spellings& vocabulary,
               const std::set<int64_t>& forbidden, const std::string& where) {
  auto id = [&](const std::string& spelling) {
    const auto found = vocabulary.ids.find(spelling);
    if (found == vocabulary.ids.end()) {
      fail("{}: merges: token '{}' is not in the vocabulary", where, spelling);
    }
    return found->second;
  };
  int32_t rank = 0;
  merges_.reserve(list.size());
  for (const auto& [left, right] : list) {
    const int32_t a = id(left), b = id(right), merged = id(left + right);
    if (!forbidden.contains(merged)) merges_.emplace(pair_key(a, b), Merge{rank, merged});
    ++rank;
  }
}

std::optional<Merges::Candidate> Merges::candidate_at(const Scratch& scratch, int32_t left) const {
  const auto& symbols = scratch.symbols;
  if (left < 0 || symbols[left].after < 0) return std::nullopt;
  const int32_t a = symbols[left].id, b = symbols[symbols[left].after].id;
  const auto merge = merges_.find(pair_key(a, b));
  if (merge == merges_.end()) return std::nullopt;
  return Candidate{merge->second.rank, left, a, b, merge->second.id};
}

void Merges::encode(Scratch& scratch, std::vector<int64_t>& ids) const {
  auto& [word, symbols, queue] = scratch;
  const auto length = static_cast<int32_t>(word.size());
  symbols.clear();
  queue.clear();
  for (int32_t i = 0; i < length; ++i) {
    symbols.push_back({word[i], i - 1, i + 1 < length ? i + 1 : -1});
  }
  for (int32_t i = 0; i + 1 < length; ++i) {
    if (const auto candidate = candidate_at(scratch, i)) queue.push_back(*candidate);
  }
  std::make_heap(queue.begin(), queue.end(), kWorse);
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), kWorse);
    const Candidate best = queue.back();
    queue.pop_back();
    Scratch::Symbol& left = symbols[best.left];
    if (left.id != best.left_id || left.after < 0) continue;  // merged meanwhile
    Scratch::Symbol& right = symbols[left.after];
    if (right.id != best.right_id) continue;
    left.id = best.merged;
    left.after = right.after;
    right.id = -1;
    if (left.after >= 0) symbols[left.after].before = best.left;
    for (const int32_t at : {left.before, best.left}) {
      if (const auto candidate = candidate_at(scratch, at)) {
        queue.push_back(*candidate);
        std::push_heap(queue.begin(), queue.end(), kWorse);
      }
    }
  }
  for (int32_t at = length > 0 ? 0 : -1; at >= 0; at = symbols[at].after) {
    ids.push_back(symbols[at].id);
  }
  word.clear();
}

}  // namespace showo
