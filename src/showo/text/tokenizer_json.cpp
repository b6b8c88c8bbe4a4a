#include "showo/text/tokenizer_json.h"

#include "showo/text/json_fields.h"
#include "showo/text/json_stages.h"

namespace showo {
namespace {

// What applies to whole texts, and must be absent or null.
void refuse_parts(const Json& json, std::initializer_list<const char*> keys,
                  const std::string& where) {
  for (const char* key : keys) {
    const auto found = json.find(key);
    if (found != json.end() && !found->is_null()) fail("{}: {} is not supported", where, key);
  }
}

void check_model(const Json& model, const std::string& where) {
  if (const auto type = text_of(model, "type", where); !type.empty() && type != "BPE") {
    fail("{}: type '{}' is not supported; expected BPE", where, type);
  }
  refuse_other_keys(
      model,
      {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
       "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"},
      where);
  // The library drops merges at random whenever it encodes, not in training alone.
  const auto dropout = model.find("dropout");
  if (dropout != model.end() && !dropout->is_null() && *dropout != 0.0)
    fail("{}: dropout {} is not supported", where, dropout->dump());
  if (!text_of(model, "continuing_subword_prefix", where).empty())
    fail("{}: continuing_subword_prefix is not supported", where);
  const bool marks_ends = !text_of(model, "end_of_word_suffix", where).empty();
  for (const char* key : {"byte_fallback", "ignore_merges"})
    if (marks_ends && flag_of(model, key, false, where))
      fail("{}: {} is not supported with end_of_word_suffix", where, key);
}

// Pairs, or as older files have them, texts with a space.
MergeList read_merges(const Json& list, const std::string& where) {
  if (!list.is_array()) fail("{}: merges: expected a list", where);
  MergeList merges;
  for (const auto& merge : list) {
    if (merge.is_string()) {
      merges.push_back(split_merge(merge.get<std::string>(), where));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail("{}: merges: expected pairs of tokens, found {}", where, config_detail::shown(merge));
    }
  }
  return merges;
}

void add_tokens(const Json& tokens, const std::string& where, TokenizerParts& parts) {
  if (!tokens.is_array() && !tokens.is_null()) fail("{}: expected a list", where);
  for (const auto& token : tokens) {
    const Json& id = field(token, "id", where);
    const auto content = text_of(token, "content", where);
    const int64_t number = id_from(id, content, where);
    refuse_flags(token, {"lstrip", "rstrip", "single_word"}, where + ": '" + content + "'");
    const bool special = flag_of(token, "special", false, where);
    // The library's own default: special tokens are looked for in the text as it is.
    parts.add({content, number, special, flag_of(token, "normalized", !special, where)}, where);
  }
}

// The option is what the file was made with; another one would make another file of it.
void check_prefix_space(const FolderNotes& notes, bool adds) {
  const bool asked = notes.adds_prefix_space.value_or(adds);
  if (asked && !adds) fail("{}: add_prefix_space is not supported", notes.config_path);
  if (!asked && adds) fail("{}: add_prefix_space false is not supported", notes.config_path);
}

const Json& stage(const Json& json, const char* key) {
  static const Json null;
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
}

}  // namespace

TokenizerParts read_tokenizer_json(const fs::path& path, FolderNotes notes) {
  const std::string where = path.string();
  const Json json = read_json(path);
  const Json& model = field(json, "model", where);
  check_model(model, where + ": model");
  refuse_parts(json, {"truncation", "padding"}, where);
  check_post_processor(stage(json, "post_processor"), where + ": post_processor");
  const bool fallback = flag_of(model, "byte_fallback", false, where + ": model");
  const bool whole_words = flag_of(model, "ignore_merges", false, where + ": model");
  const std::string word_end = text_of(model, "end_of_word_suffix", where + ": model");
  const Spellings vocabulary = read_vocabulary(field(model, "vocab", where), where);
  const MergeList merges = read_merges(field(model, "merges", where), where);

  TokenizerParts parts;
  parts.normalizer = read_normalizer(stage(json, "normalizer"), where + ": normalizer");
  if (fallback) parts.added_bytes = byte_fallback_bytes;
  for (const auto& spelling : vocabulary.by_id) {
    parts.tokens.push_back(fallback ? byte_fallback_bytes(spelling)
                                    : byte_level_bytes(spelling, word_end));
  }
  if (!word_end.empty()) parts.begin_as_clip(notes, vocabulary);
  add_tokens(stage(json, "added_tokens"), where + ": added_tokens", parts);
  parts.finish(notes, vocabulary, where);

  const Json& words = field(json, "pre_tokenizer", where);
  const std::string words_where = where + ": pre_tokenizer";
  if (fallback) {
    if (words.is_object() && text_of(words, "type", words_where) == "ByteLevel") {
      fail("{}: model: byte_fallback is not supported with ByteLevel", where);
    }
    parts.drops_first_space =
        read_byte_fallback_decoder(stage(json, "decoder"), where + ": decoder");
    parts.model =
        std::make_unique<ByteFallbackBpe>(vocabulary, merges, read_space_marks(words, words_where),
                                          whole_words, parts.special_ids(), where);
  } else {
    check_byte_level_decoder(stage(json, "decoder"), where + ": decoder");
    parts.model =
        std::make_unique<ByteLevelBpe>(vocabulary, merges, read_byte_level(words, words_where),
                                       whole_words, parts.special_ids(), where, word_end);
  }
  check_prefix_space(notes, parts.drops_first_space);
  return parts;
}

}  // namespace showo
