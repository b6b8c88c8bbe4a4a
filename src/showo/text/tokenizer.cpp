#include "showo/text/tokenizer.h"

#include "showo/text/gpt2_files.h"
#include "showo/text/sentencepiece.h"
#include "showo/text/tokenizer_json.h"
#include "showo/text/tokenizer_parts.h"

namespace showo {
namespace {

std::unique_ptr<const AddedTokens> those_found(const TokenizerParts& parts, bool normalized) {
  std::vector<AddedToken> tokens;
  for (AddedToken token : parts.added) {
    if (token.normalized != normalized) continue;
    if (normalized) token.text = normalize(parts.normalizer, token.text);
    tokens.push_back(std::move(token));
  }
  return std::make_unique<const AddedTokens>(std::move(tokens));
}

}  // namespace

Tokenizer::Tokenizer(TokenizerParts parts)
    : parts_(std::make_unique<const TokenizerParts>(std::move(parts))),
      added_(those_found(*parts_, false)),
      normalized_(those_found(*parts_, true)) {}

Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::from_folder(const fs::path& folder) {
  const FolderNotes notes = read_notes(folder);
  TokenizerParts parts;
  if (const fs::path path = folder / "tokenizer.json"; fs::exists(path)) {
    parts = read_tokenizer_json(path, notes);
  } else if (const fs::path path = folder / "tokenizer.model"; fs::exists(path)) {
    parts = read_sentencepiece(path, notes);
  } else if (fs::exists(folder / "vocab.json")) {
    parts = read_gpt2_files(folder, notes);
  } else {
    fail("{}: no tokenizer; looked for tokenizer.json, tokenizer.model and vocab.json",
         folder.string());
  }
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(parts)));
}

std::vector<int64_t> Tokenizer::encode(std::string_view text, bool recognise_special) const {
  std::vector<int64_t> ids;
  for (const auto& part : added_->split(text, recognise_special)) {
    if (part.id) {
      ids.push_back(*part.id);
    } else {
      encode_plain(part.text, part.text.data() == text.data(), recognise_special, ids);
    }
  }
  return ids;
}

void Tokenizer::encode_plain(std::string_view text, bool begins, bool recognise_special,
                             std::vector<int64_t>& ids) const {
  std::string normalized;
  if (!parts_->normalizer.empty()) {
    normalized = normalize(parts_->normalizer, std::string(text));
    text = normalized;
  }
  for (const auto& part : normalized_->split(text, recognise_special)) {
    if (part.id) {
      ids.push_back(*part.id);
    } else {
      parts_->model->encode(part.text, begins && part.text.data() == text.data(), ids);
    }
  }
}

std::string Tokenizer::decode(std::span<const int64_t> ids) const {
  std::string text;
  for (const int64_t id : ids) text += bytes_of(id);
  if (drops_first_space() && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string_view Tokenizer::bytes_of(int64_t id) const {
  if (id < 0 || id >= size()) fail("token id {}: expected 0 to {}", id, size() - 1);
  return parts_->tokens[id];
}

bool Tokenizer::drops_first_space() const { return parts_->drops_first_space; }
int64_t Tokenizer::size() const { return static_cast<int64_t>(parts_->tokens.size()); }
std::optional<int64_t> Tokenizer::id_of(std::string_view token) const {
  return parts_->id_of(token);
}
std::optional<int64_t> Tokenizer::bos() const { return parts_->bos; }
std::optional<int64_t> Tokenizer::eos() const { return parts_->eos; }

std::vector<std::string> tokenizer_files(const fs::path& folder) {
  std::vector<std::string> names;
  bool tells_tokens = false;
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json"}) {
    if (!fs::exists(folder / name)) continue;
    tells_tokens = true;
    names.push_back(name);
  }
  for (const char* name :
       {"merges.txt", "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"}) {
    if (tells_tokens && fs::exists(folder / name)) names.push_back(name);
  }
  return names;
}

}  // namespace showo
