#include "showo/generate/prefix_cache.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "showo/core/random.h"

namespace showo {
namespace {

int64_t mixed(int64_t a, int64_t b) {
  return static_cast<int64_t>(derive_seed(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
}

int64_t hash_of(const Tensor& values) {
  const Tensor dense = values.cpu().contiguous();
  const std::string_view bytes(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes());
  return static_cast<int64_t>(std::hash<std::string_view>()(bytes));
}

// Whether the row's first `tokens` see nothing of what follows.
bool may_cut(const Segments& segments, int64_t tokens) {
  return std::ranges::none_of(segments, [&](const Segment& segment) {
    if (segment.end() <= tokens) return false;
    return segment.open || (segment.block() && segment.begin < tokens);
  });
}

}  // namespace

PrefixKey::PrefixKey(const Row& row, const Tensor& features) : segments(row.segments) {
  int64_t feature = 0;
  for (const Segment& segment : segments) {
    const bool seen = segment.kind == SegmentKind::kFeatures;
    const int64_t what =
        mixed(mixed(static_cast<int64_t>(segment.kind), segment.open ? 1 : 0), segment.group);
    int64_t picture = 0;
    if (seen && features.defined()) {
      picture = hash_of(features.narrow(0, feature, segment.length));
      feature += segment.length;
    }
    for (int64_t i = 0; i < segment.length; ++i) {
      const int64_t token = seen ? picture : row.ids.at(segment.begin + i);
      symbols.push_back(mixed(mixed(what, segment.position + i), token));
    }
  }
}

int64_t PrefixKey::common(const PrefixKey& other, int64_t most) const {
  const auto here = symbols.begin(), there = other.symbols.begin();
  most = std::min({most, std::ssize(symbols), std::ssize(other.symbols)});
  int64_t tokens = std::mismatch(here, here + most, there).first - here;
  while (tokens > 0 && !(may_cut(segments, tokens) && may_cut(other.segments, tokens))) --tokens;
  return tokens;
}

int64_t PrefixCache::known(const PrefixKey& key, int64_t most) const {
  int64_t tokens = 0;
  for (const Entry& entry : entries_) tokens = std::max(tokens, key.common(entry.key, most));
  return tokens;
}

void PrefixCache::find(const PrefixKey& key, int64_t most, KvCache& cache) {
  const int64_t tokens = known(key, most);
  if (tokens == 0) return;
  const auto longest = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return key.common(entry.key, most) == tokens; });
  cache = longest->cache.fork();
  cache.truncate(tokens);
  entries_.splice(entries_.begin(), entries_, longest);
}

void PrefixCache::add(PrefixKey key, KvCache& cache) {
  key.symbols.resize(cache.length());
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key.symbols == key.symbols; });
  entries_.push_front({std::move(key), cache.fork()});
  while (bytes() > most_bytes_) entries_.pop_back();
}

int64_t PrefixCache::bytes() const {
  std::map<const void*, int64_t> blocks;
  for (const Entry& entry : entries_) {
    for (const auto& [block, bytes] : entry.cache.blocks()) blocks[block] = bytes;
  }
  int64_t bytes = 0;
  for (const auto& [block, size] : blocks) bytes += size;
  return bytes;
}

}  // namespace showo
