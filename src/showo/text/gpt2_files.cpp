#include "showo/text/gpt2_files.h"

#include <sstream>

#include "showo/text/byte_level.h"

namespace showo {
namespace {

constexpr const char* kWordEnd = "</w>";

MergeList read_merges(const fs::path& path) {
  std::istringstream lines(read_file(path, 256 << 20));
  MergeList merges;
  std::string line;
  for (bool first = true; std::getline(lines, line); first = false) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (first && line.starts_with("#version"))) continue;
    merges.push_back(split_merge(line, path.string()));
  }
  return merges;
}

}  // namespace

TokenizerParts read_gpt2_files(const fs::path& folder, FolderNotes notes) {
  const fs::path path = folder / "vocab.json";
  const Spellings vocabulary = read_vocabulary(read_json(path), path.string());
  const bool clip = vocabulary.ids.contains(std::string("a") + kWordEnd);
  const std::string word_end = clip ? kWordEnd : "";
  TokenizerParts parts;
  for (const auto& spelling : vocabulary.by_id)
    parts.tokens.push_back(byte_level_bytes(spelling, word_end));
  if (clip) {
    parts.normalizer = {nfc, single_spaces, small_letters};
    parts.begin_as_clip(notes, vocabulary);
  }
  parts.finish(notes, vocabulary, folder.string());
  if (notes.adds_prefix_space.value_or(false)) {
    fail("{}: add_prefix_space is not supported", notes.config_path);
  }
  const fs::path merges = folder / "merges.txt";
  Splitters splitters = {std::make_shared<const Splitter>()};
  if (clip)  // transformers' splits CLIP's words by GPT-2's pattern once more
    splitters.insert(splitters.begin(),
                     std::make_shared<const Splitter>(kClipPattern, "CLIP", Between::kDropped));
  parts.model = std::make_unique<ByteLevelBpe>(
      vocabulary, read_merges(merges), std::move(splitters),
      /*whole_words=*/false, parts.special_ids(), merges.string(), word_end);
  return parts;
}

}  // namespace showo
