#include "showo/text/gpt2_files.h"

#include <sstream>

#include "showo/text/byte_level.h"

namespace showo {
namespace {

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

TokenizerParts read_gpt2_files(const fs::path& folder, const FolderNotes& notes) {
  const fs::path path = folder / "vocab.json";
  const Spellings vocabulary = read_vocabulary(read_json(path), path.string());
  TokenizerParts parts;
  for (const auto& spelling : vocabulary.by_id) parts.tokens.push_back(byte_level_bytes(spelling));
  parts.finish(notes, vocabulary, folder.string());
  if (notes.adds_prefix_space.value_or(false)) {
    fail("{}: add_prefix_space is not supported", notes.config_path);
  }
  const fs::path merges = folder / "merges.txt";
  parts.model = std::make_unique<ByteLevelBpe>(
      vocabulary, read_merges(merges), Splitters{std::make_shared<const Splitter>()},
      /*whole_words=*/false, parts.special_ids(), merges.string());
  return parts;
}

}  // namespace showo
