// The two forms in which a byte-level BPE is published: GPT-2's pair of files and Hugging Face's tokenizer.json.
#include <algorithm>
#include <sstream>

#include "showo/text/bytes.h"
#include "showo/text/splitter.h"
#include "showo/text/tokenizer.h"

namespace showo {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

std::pair<std::string, std::string> split_merge(const std::string& line, const std::string& where) {
  const size_t space = line.find(' ');
  if (space == std::string::npos || space == 0 || space + 1 == line.size() || line.find(' ', space + 1) != std::string::npos) {
    fail("{}: '{}': expected two tokens and a space", where, line);
  }
  return {line.substr(0, space), line.substr(space + 1)};
}

const Json& field(const Json& json, const char* key, const std::string& where) {
  if (!json.is_object() || !json.contains(key)) fail("{}: '{}' is missing", where, key);
  return json[key];
}

// Only what changes nothing about byte-level BPE is accepted; anything else would silently give other ids.
void check_pre_tokenizer(const Json& json, const std::string& where) {
  const std::string type = json.is_object() ? json.value("type", "") : "";
  if (type == "Sequence") {
    for (const auto& part : field(json, "pretokenizers", where)) check_pre_tokenizer(part, where);
  } else if (type != "ByteLevel") {
    fail("{}: pre_tokenizer '{}' is not supported; expected ByteLevel", where, type);
  } else if (json.value("add_prefix_space", false) || !json.value("use_regex", true)) {
    fail("{}: pre_tokenizer ByteLevel with add_prefix_space or without use_regex is not supported", where);
  }
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_folder(const fs::path& folder) {
  std::shared_ptr<Tokenizer> tokenizer(new Tokenizer());
  if (fs::exists(folder / "tokenizer.json")) {
    tokenizer->load_hugging_face(folder / "tokenizer.json");
  } else if (fs::exists(folder / "vocab.json")) {
    tokenizer->load_gpt2_files(folder);
  } else {
    fail("{}: no tokenizer; looked for tokenizer.json and vocab.json", folder.string());
  }
  tokenizer->finish(folder.string());
  return tokenizer;
}

void Tokenizer::load_gpt2_files(const fs::path& folder) {
  add_vocabulary(read_json(folder / "vocab.json"), (folder / "vocab.json").string());
  const std::string where = (folder / "merges.txt").string();
  std::istringstream lines(read_file(folder / "merges.txt", 256 << 20));
  Merges merges;
  std::string line;
  for (bool first = true; std::getline(lines, line); first = false) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (first && line.starts_with("#version"))) continue;
    merges.push_back(split_merge(line, where));
  }
  add_merges(merges, where);
  // <|endoftext|> stands in GPT-2's vocabulary but is special, never text.
  if (const auto found = ids_.find("<|endoftext|>"); found != ids_.end()) add_token("<|endoftext|>", found->second, true, where);
  const fs::path added = folder / "added_tokens.json";
  if (!fs::exists(added)) return;
  const Json added_tokens = read_json(added);
  for (const auto& [text, id] : added_tokens.items()) {
    if (!id.is_number_unsigned()) fail("{}: '{}': expected an id", added.string(), text);
    add_token(text, id.get<int64_t>(), text == "<|endoftext|>", added.string());
  }
}

void Tokenizer::load_hugging_face(const fs::path& path) {
  const std::string where = path.string();
  const Json json = read_json(path);
  const Json& model = field(json, "model", where);
  if (model.value("type", "BPE") != "BPE") fail("{}: model type '{}' is not supported; expected BPE", where, model.value("type", ""));
  if (json.contains("normalizer") && !json["normalizer"].is_null()) fail("{}: a normalizer is not supported", where);
  check_pre_tokenizer(field(json, "pre_tokenizer", where), where);
  add_vocabulary(field(model, "vocab", where), where);
  Merges merges;
  for (const auto& merge : field(model, "merges", where)) {
    if (merge.is_string()) {
      merges.push_back(split_merge(merge.get<std::string>(), where));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail("{}: merges: expected pairs of tokens, found {}", where, merge.dump());
    }
  }
  add_merges(merges, where);
  if (!json.contains("added_tokens")) return;
  for (const auto& token : json["added_tokens"]) {
    const Json& id = field(token, "id", where);
    const Json& content = field(token, "content", where);
    if (!id.is_number_unsigned() || !content.is_string()) fail("{}: added_tokens: expected an id and a content", where);
    add_token(content.get<std::string>(), id.get<int64_t>(), token.value("special", false), where);
  }
}

void Tokenizer::add_vocabulary(const Json& vocabulary, const std::string& where) {
  if (!vocabulary.is_object() || vocabulary.empty()) fail("{}: the vocabulary is empty", where);
  tokens_.resize(vocabulary.size());
  std::vector<bool> seen(tokens_.size());
  for (const auto& [spelling, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= tokens_.size()) {
      fail("{}: token '{}' has id {}, expected 0 to {}", where, spelling, id.dump(), tokens_.size() - 1);
    }
    const auto index = id.get<size_t>();
    if (seen[index]) fail("{}: id {} stands twice", where, index);
    seen[index] = true;
    // A token that is spelled with characters that stand for no byte is an added one: its text is itself.
    tokens_[index] = bytes_of_spelling(spelling).value_or(spelling);
    ids_.emplace(tokens_[index], static_cast<int64_t>(index));
  }
}

void Tokenizer::add_merges(const Merges& merges, const std::string& where) {
  auto id = [&](const std::string& spelling) {
    const auto bytes = bytes_of_spelling(spelling);
    const auto found = bytes ? ids_.find(*bytes) : ids_.end();
    if (found == ids_.end()) fail("{}: merges: token '{}' is not in the vocabulary", where, spelling);
    return found->second;
  };
  int64_t rank = 0;
  for (const auto& [left, right] : merges) {
    const int64_t a = id(left), b = id(right);
    merges_.emplace(static_cast<uint64_t>(a) << 32 | static_cast<uint64_t>(b), std::pair(rank++, id(left + right)));
  }
}

void Tokenizer::add_token(const std::string& text, int64_t id, bool special, const std::string& where) {
  constexpr int64_t kMostIds = 10'000'000;
  if (text.empty() || id < 0 || id > kMostIds) fail("{}: added token '{}' has id {}", where, text, id);
  if (id >= size()) tokens_.resize(id + 1);
  if (!tokens_[id].empty() && tokens_[id] != text) fail("{}: added token '{}' has the id {} of another token", where, text, id);
  tokens_[id] = text;
  added_.push_back({text, id, special});
}

void Tokenizer::finish(const std::string& where) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids_.find(std::string(1, static_cast<char>(byte)));
    if (found == ids_.end()) fail("{}: the vocabulary has no token for byte {}", where, byte);
    byte_ids_[byte] = found->second;
  }
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].empty()) fail("{}: id {} has no token", where, id);
  }
  std::stable_sort(added_.begin(), added_.end(), [](const Added& a, const Added& b) { return a.text.size() > b.text.size(); });
  splitter_ = std::make_shared<const Splitter>();
}

}  // namespace showo
