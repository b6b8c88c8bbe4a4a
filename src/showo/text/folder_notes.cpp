#include "showo/text/folder_notes.h"

#include "showo/text/json_fields.h"

namespace showo {
namespace {

constexpr const char* kTokenKeys[] = {
    "bos_token", "eos_token", "unk_token",  "sep_token",
    "pad_token", "cls_token", "mask_token", "additional_special_tokens"};

// A special token is written as its text or as an object with its text as `content`.
std::string text_of_token(const Json& token) {
  if (token.is_object() && token.contains("content")) return text_of_token(token["content"]);
  return token.is_string() ? token.get<std::string>() : "";
}

void add_special(const Json& tokens, FolderNotes& notes) {
  for (const auto& token : tokens.is_array() ? tokens : Json::array({tokens})) {
    if (const auto text = text_of_token(token); !text.empty()) notes.special.insert(text);
  }
}

void read_ends(const Json& json, const std::string& where, FolderNotes& notes) {
  for (auto [key, end] : {std::pair("bos_token", &notes.bos), {"eos_token", &notes.eos}}) {
    if (end->told || !json.contains(key)) continue;
    *end = {true, text_of_token(json[key]), where + ": " + key};
    if (!json[key].is_null() && end->token.empty()) {
      fail("{}: expected a token, found {}", end->where, config_detail::shown(json[key]));
    }
  }
}

Json read_object(const fs::path& path, const char* expected) {
  Json json = read_json(path);
  if (!json.is_object()) fail("{}: expected {}", path.string(), expected);
  return json;
}

// Ids and tokens with all their properties.
void read_decoder(const Json& tokens, const std::string& where, FolderNotes& notes) {
  if (!tokens.is_object()) fail("{}: expected ids and their tokens", where);
  for (const auto& [id, token] : tokens.items()) {
    const std::string content = text_of(token, "content", where);
    const std::string here = where + ": '" + content + "'";
    if (id.empty() || id.size() > 8 || id.find_first_not_of("0123456789") != std::string::npos) {
      fail("{}: expected an id, found {}", here, id);
    }
    refuse_flags(token, {"lstrip", "rstrip", "single_word"}, here);
    const bool special = flag_of(token, "special", false, here);
    if (special) notes.special.insert(content);
    notes.added.push_back({{content, std::stoll(id), special}, where});
  }
}

std::optional<bool> told_flag(const Json& json, const char* key, const std::string& where) {
  const bool told = json.contains(key) && !json[key].is_null();
  return told ? std::optional(flag_of(json, key, false, where)) : std::nullopt;
}

void read_config(const fs::path& path, FolderNotes& notes) {
  const Json config = read_object(path, "keys and values");
  const std::string where = notes.config_path = path.string();
  read_ends(config, where, notes);
  for (const char* key : kTokenKeys) {
    if (config.contains(key)) add_special(config[key], notes);
  }
  if (config.contains("added_tokens_decoder")) {
    read_decoder(config["added_tokens_decoder"], where + ": added_tokens_decoder", notes);
  }
  // Options of the sentencepiece library, such as drawing one of several encodings.
  if (const auto options = config.find("sp_model_kwargs");
      options != config.end() && !options->empty()) {
    fail("{}: sp_model_kwargs {} is not supported", where, config_detail::shown(*options));
  }
  notes.adds_prefix_space = told_flag(config, "add_prefix_space", where);
  notes.legacy = told_flag(config, "legacy", where);
}

}  // namespace

FolderNotes read_notes(const fs::path& folder) {
  FolderNotes notes;
  notes.special.insert(kEndOfText);
  if (const fs::path path = folder / "tokenizer_config.json"; fs::exists(path)) {
    read_config(path, notes);
  }
  if (const fs::path path = folder / "special_tokens_map.json"; fs::exists(path)) {
    const Json map = read_object(path, "names and tokens");
    read_ends(map, path.string(), notes);
    for (const auto& tokens : map) add_special(tokens, notes);
  }
  if (const fs::path path = folder / "added_tokens.json"; fs::exists(path)) {
    const Json tokens = read_object(path, "tokens and their ids");
    for (const auto& [text, id] : tokens.items()) {
      notes.added.push_back({{text, id_from(id, text, path.string()), false}, path.string()});
    }
  }
  return notes;
}

}  // namespace showo
