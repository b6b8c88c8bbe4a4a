// Hugging Face's tokenizer.json, as far as it describes a byte-level BPE. Whatever would change the
// ids and is not understood is an Error that names the field: silently giving other ids would be
// worse.
#include "showo/text/splitter.h"
#include "showo/text/tokenizer.h"

namespace showo {
namespace {

// The value of a key, or `absent` when there is none or it is null; throws Error on another type.
template <class T>
T value_of(const Json& json, const char* key, T absent, const std::string& where) {
  if (!json.is_object()) fail("{}: expected keys and values, found {}", where, json.dump());
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return absent;
  constexpr bool kFlag = std::is_same_v<T, bool>;
  if (kFlag ? !found->is_boolean() : !found->is_string()) {
    fail("{}: {}: expected {}, found {}", where, key, kFlag ? "true or false" : "text",
         found->dump());
  }
  return found->get<T>();
}

std::string text_of(const Json& json, const char* key, const std::string& where) {
  return value_of<std::string>(json, key, "", where);
}

const Json& field(const Json& json, const char* key, const std::string& where) {
  if (!json.is_object() || !json.contains(key)) fail("{}: '{}' is missing", where, key);
  return json[key];
}

void refuse_flags(const Json& json, std::initializer_list<const char*> keys,
                  const std::string& where) {
  for (const char* key : keys) {
    if (value_of(json, key, false, where)) fail("{}: {} is not supported", where, key);
  }
}

// ByteLevel with GPT-2's pattern, or Split by a pattern and then ByteLevel without one.
std::shared_ptr<const Splitter> read_splitter(const Json& json, const std::string& where) {
  const std::string type = text_of(json, "type", where);
  if (type == "ByteLevel") {
    refuse_flags(json, {"add_prefix_space"}, where);
    if (!value_of(json, "use_regex", true, where)) {
      fail("{}: ByteLevel without use_regex is not supported", where);
    }
    return std::make_shared<const Splitter>();
  }
  if (type != "Sequence") {
    fail("{}: '{}' is not supported; expected ByteLevel, or Split and ByteLevel", where, type);
  }
  const Json& parts = field(json, "pretokenizers", where);
  if (parts.is_array() && parts.size() == 1) return read_splitter(parts[0], where);
  if (!parts.is_array() || parts.size() != 2 || text_of(parts[0], "type", where) != "Split" ||
      text_of(parts[1], "type", where) != "ByteLevel") {
    fail("{}: this Sequence is not supported; expected Split and ByteLevel", where);
  }
  refuse_flags(parts[0], {"invert"}, where);
  refuse_flags(parts[1], {"add_prefix_space"}, where);
  if (value_of(parts[1], "use_regex", true, where)) {
    fail("{}: ByteLevel: use_regex after a Split is not supported", where);
  }
  if (const auto behavior = text_of(parts[0], "behavior", where); behavior != "Isolated") {
    fail("{}: Split: behavior '{}' is not supported; expected Isolated", where, behavior);
  }
  const Json& pattern = field(parts[0], "pattern", where);
  field(pattern, "Regex", where + ": Split: pattern");
  return std::make_shared<const Splitter>(text_of(pattern, "Regex", where), where);
}

// Whatever stands around the words' ids. ByteLevel's part there only trims offsets.
void check_post_processor(const Json& json, const std::string& where) {
  if (json.is_null()) return;
  const std::string type = text_of(json, "type", where);
  if (type != "ByteLevel" && type != "Sequence")
    fail("{}: '{}' is not supported; expected ByteLevel", where, type);
  if (type == "ByteLevel") return;
  const Json& parts = field(json, "processors", where);
  if (!parts.is_array()) fail("{}: processors: expected a list", where);
  for (const auto& part : parts) check_post_processor(part, where);
}

// What applies to whole texts, and must be absent or null.
void refuse_parts(const Json& json, std::initializer_list<const char*> keys,
                  const std::string& where) {
  for (const char* key : keys) {
    const auto found = json.find(key);
    if (found != json.end() && !found->is_null()) fail("{}: {} is not supported", where, key);
  }
}

// BPE as GPT-2 has it.
void check_model(const Json& model, const std::string& where) {
  if (const auto type = text_of(model, "type", where); !type.empty() && type != "BPE") {
    fail("{}: type '{}' is not supported; expected BPE", where, type);
  }
  refuse_flags(model, {"byte_fallback"}, where);
  // The library drops merges at random whenever it encodes, not in training alone.
  const auto dropout = model.find("dropout");
  if (dropout != model.end() && !dropout->is_null() && *dropout != 0.0)
    fail("{}: dropout {} is not supported", where, dropout->dump());
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!text_of(model, key, where).empty()) fail("{}: {} is not supported", where, key);
  }
}

}  // namespace

void Tokenizer::load_hugging_face(const fs::path& path) {
  const std::string where = path.string();
  const Json json = read_json(path);
  const Json& model = field(json, "model", where);
  check_model(model, where + ": model");
  if (json.contains("normalizer") && !json["normalizer"].is_null()) {
    fail("{}: a normalizer is not supported", where);
  }
  refuse_parts(json, {"truncation", "padding"}, where);
  if (json.contains("post_processor"))
    check_post_processor(json["post_processor"], where + ": post_processor");
  splitter_ = read_splitter(field(json, "pre_tokenizer", where), where + ": pre_tokenizer");
  whole_words_ = value_of(model, "ignore_merges", false, where + ": model");
  add_vocabulary(field(model, "vocab", where), where);
  const Json& list = field(model, "merges", where);
  if (!list.is_array()) fail("{}: merges: expected a list", where);
  Merges merges;
  for (const auto& merge : list) {
    if (merge.is_string()) {
      merges.push_back(split_merge(merge.get<std::string>(), where));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail("{}: merges: expected pairs of tokens, found {}", where, merge.dump());
    }
  }
  add_merges(merges, where);
  if (json.contains("added_tokens"))
    add_hugging_face_tokens(json["added_tokens"], where + ": added_tokens");
}

void Tokenizer::add_hugging_face_tokens(const Json& tokens, const std::string& where) {
  if (!tokens.is_array() && !tokens.is_null()) fail("{}: expected a list", where);
  for (const auto& token : tokens) {
    const Json& id = field(token, "id", where);
    const auto content = text_of(token, "content", where);
    if (!id.is_number_unsigned())
      fail("{}: '{}': expected an id, found {}", where, content, id.dump());
    refuse_flags(token, {"lstrip", "rstrip", "single_word"}, where + ": '" + content + "'");
    add_token(content, id.get<int64_t>(), value_of(token, "special", false, where), where);
  }
}

}  // namespace showo
