// Where tokenizers are read from: the choice between the two published forms, GPT-2's files
// (vocab.json, merges.txt, added_tokens.json, and the two files that say which tokens are special),
// and the checks both forms share. Hugging Face's tokenizer.json is read in tokenizer_json.cpp.
#include <algorithm>
#include <set>
#include <sstream>

#include "showo/text/bytes.h"
#include "showo/text/splitter.h"
#include "showo/text/tokenizer.h"

namespace showo {
namespace {

constexpr const char* kEndOfText = "<|endoftext|>";

// A special token is written as its text or as an object with its text as `content`.
void add_name(const Json& token, std::set<std::string>& names) {
  if (token.is_string()) names.insert(token.get<std::string>());
  if (token.is_object() && token.contains("content")) add_name(token["content"], names);
}

// What special_tokens_map.json and tokenizer_config.json call special, and <|endoftext|>.
std::set<std::string> special_names(const fs::path& folder) {
  std::set<std::string> names = {kEndOfText};
  if (const fs::path path = folder / "special_tokens_map.json"; fs::exists(path)) {
    const Json map = read_json(path);
    for (const auto& tokens : map) {
      if (!tokens.is_array()) add_name(tokens, names);
      for (const auto& token : tokens.is_array() ? tokens : Json::array()) add_name(token, names);
    }
  }
  if (const fs::path path = folder / "tokenizer_config.json"; fs::exists(path)) {
    const Json config = read_json(path);
    if (!config.contains("added_tokens_decoder")) return names;
    for (const auto& token : config["added_tokens_decoder"]) {
      if (token.is_object() && token.contains("special") && token["special"] == true) {
        add_name(token, names);
      }
    }
  }
  return names;
}

// Options of Hugging Face's classes that put something before or behind every text.
void check_config(const fs::path& path) {
  if (!fs::exists(path)) return;
  const Json config = read_json(path);
  if (!config.is_object()) fail("{}: expected keys and values", path.string());
  for (const char* key : {"add_prefix_space", "add_bos_token", "add_eos_token"}) {
    if (config.contains(key) && config[key] == true)
      fail("{}: {} is not supported", path.string(), key);
  }
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_folder(const fs::path& folder) {
  std::shared_ptr<Tokenizer> tokenizer(new Tokenizer());
  check_config(folder / "tokenizer_config.json");
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

std::pair<std::string, std::string> Tokenizer::split_merge(const std::string& line,
                                                           const std::string& where) {
  const size_t space = line.find(' ');
  if (space == std::string::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string::npos) {
    fail("{}: merges: '{}': expected two tokens and a space", where, line);
  }
  return {line.substr(0, space), line.substr(space + 1)};
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
  // Special tokens may stand in the vocabulary, as GPT-2's <|endoftext|> does, and are never text.
  const std::set<std::string> special = special_names(folder);
  for (const auto& name : special) {
    const auto found = ids_.find(name);
    if (found != ids_.end()) add_token(name, found->second, true, (folder / "vocab.json").string());
  }
  const fs::path added = folder / "added_tokens.json";
  if (!fs::exists(added)) return;
  const Json added_tokens = read_json(added);
  if (!added_tokens.is_object()) fail("{}: expected tokens and their ids", added.string());
  for (const auto& [text, id] : added_tokens.items()) {
    if (!id.is_number_unsigned()) {
      fail("{}: '{}': expected an id, found {}", added.string(), text, id.dump());
    }
    add_token(text, id.get<int64_t>(), special.contains(text), added.string());
  }
}

void Tokenizer::add_vocabulary(const Json& vocabulary, const std::string& where) {
  if (!vocabulary.is_object() || vocabulary.empty()) {
    fail("{}: the vocabulary: expected tokens and their ids", where);
  }
  tokens_.resize(vocabulary.size());
  std::vector<bool> seen(tokens_.size());
  for (const auto& [spelling, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= tokens_.size()) {
      fail("{}: token '{}' has id {}, expected 0 to {}", where, spelling, id.dump(),
           tokens_.size() - 1);
    }
    const auto index = id.get<size_t>();
    if (seen[index]) fail("{}: id {} stands twice", where, index);
    seen[index] = true;
    // A token spelled with a character that stands for no byte is an added one: it is its own text.
    tokens_[index] = bytes_of_spelling(spelling).value_or(spelling);
    ids_.emplace(tokens_[index], static_cast<int64_t>(index));
  }
}

void Tokenizer::add_merges(const Merges& merges, const std::string& where) {
  auto id = [&](const std::string& spelling) {
    const auto bytes = bytes_of_spelling(spelling);
    const auto found = bytes ? ids_.find(*bytes) : ids_.end();
    if (found == ids_.end()) {
      fail("{}: merges: token '{}' is not in the vocabulary", where, spelling);
    }
    return found->second;
  };
  int32_t rank = 0;
  for (const auto& [left, right] : merges) {
    const int64_t a = id(left), b = id(right);
    merges_.emplace(pair_key(a, b), Merge{rank++, static_cast<int32_t>(id(left + right))});
  }
}

void Tokenizer::add_token(const std::string& text, int64_t id, bool special,
                          const std::string& where) {
  constexpr int64_t kMostIds = 10'000'000;
  if (text.empty() || id < 0 || id > kMostIds) {
    fail("{}: added token '{}' has id {}, expected a text and an id up to {}", where, text, id,
         kMostIds);
  }
  // Those behind the vocabulary come in any order, and no more room is made than there are tokens.
  std::string& token = id < size() ? tokens_[id] : beyond_[id];
  if (!token.empty() && token != text) {
    fail("{}: added token '{}' has the id {} of another token", where, text, id);
  }
  token = text;
  added_.push_back({text, id, special});
}

void Tokenizer::finish(const std::string& where) {
  for (auto& [id, token] : beyond_) {
    if (id != size()) fail("{}: id {} has no token", where, size());
    tokens_.push_back(std::move(token));
  }
  beyond_.clear();
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids_.find(std::string(1, static_cast<char>(byte)));
    if (found == ids_.end()) fail("{}: the vocabulary has no token for byte {}", where, byte);
    byte_ids_[byte] = static_cast<int32_t>(found->second);
  }
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].empty()) fail("{}: id {} has no token", where, id);
  }
  std::stable_sort(added_.begin(), added_.end(),
                   [](const Added& a, const Added& b) { return a.text.size() > b.text.size(); });
  for (const auto& added : added_) {
    starts_added_[static_cast<unsigned char>(added.text[0])] = true;
    ids_.erase(added.text);  // no word may become it
  }
  if (!splitter_) splitter_ = std::make_shared<const Splitter>();
}

}  // namespace showo
