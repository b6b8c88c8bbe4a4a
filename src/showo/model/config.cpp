#include "showo/model/config.h"

#include <algorithm>

namespace showo {
namespace {

template <class Config>
Config from_published(const Json& json, const std::string& source) {
  if (!json.is_object()) fail("{}: expected keys and values", source);
  Config config;
  Json known = Json::object();
  const Json defaults = config_to_json(config);
  for (const auto& item : defaults.items()) {
    if (json.contains(item.key()) && !json[item.key()].is_null())
      known[item.key()] = json[item.key()];
  }
  read_config(config, known, source);
  config.check(source);
  return config;
}

// The value of a key, or null where it is not there.
Json value_of(const Json& json, const char* key) { return json.contains(key) ? json[key] : Json(); }

// Null is the default of published files, which is what this model computes.
void expect(const Json& json, const char* key, const std::vector<Json>& values,
            const std::string& source) {
  const Json found = value_of(json, key);
  if (found.is_null() || std::ranges::find(values, found) != values.end()) return;
  fail("{}: {}: only {} is supported, found {}", source, key,
       Json(values.size() == 1 ? values[0] : Json(values)).dump(), config_detail::shown(found));
}

// What phi's configuration can say that changes numbers, and the values under which they are those
// of this model. Its queries and keys are always normalised, as Show-o's are: whether the language
// model's were is seen in its weights.
void check_arithmetic(const Json& json, const std::string& source) {
  expect(json, "hidden_act", {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}, source);
  expect(json, "qk_layernorm", {true, false}, source);
  for (const char* biases : {"attention_bias", "mlp_bias", "lm_head_bias"})
    expect(json, biases, {true}, source);
  for (const char* other : {"tie_word_embeddings", "use_sliding_window", "sliding_window"})
    expect(json, other, {false}, source);
}

// Newer transformers put what rotates into a group of its own (rope_parameters), older ones only a
// stretching of it (rope_scaling), which this model does not have.
Json with_rope(Json json, const std::string& source) {
  for (const char* group : {"rope_parameters", "rope_scaling"}) {
    const Json values = value_of(json, group);
    if (values.is_null()) continue;
    const std::string where = fmt::format("{}: {}", source, group);
    if (!values.is_object())
      fail("{}: expected keys and values, found {}", where, config_detail::shown(values));
    for (const char* kind : {"rope_type", "type"}) expect(values, kind, {"default"}, where);
    for (const auto& [key, value] : values.items()) {
      if (key == "rope_type" || key == "type" || value.is_null()) continue;
      if (key != "rope_theta" && key != "partial_rotary_factor")
        fail("{}: {} is not supported", where, key);
      expect(json, key.c_str(), {value}, source);
      json[key] = value;
    }
  }
  return json;
}

// transformers allows several tokens to end a text; [EOT] is one.
Json with_single_ends(Json json, const std::string& source) {
  for (const char* key : {"bos_token_id", "eos_token_id"}) {
    const Json value = value_of(json, key);
    if (!value.is_array()) continue;
    if (value.size() != 1)
      fail("{}: {}: expected one token, found {}", source, key, config_detail::shown(value));
    json[key] = value[0];
  }
  return json;
}

}  // namespace

void LlmConfig::check(const std::string& source) const {
  if (model_type != "phi")
    fail("{}: model_type '{}' is not supported; expected phi", source, model_type);
  check_ranges(*this, source);
  if (hidden_size % num_attention_heads)
    fail("{}: hidden_size {} is no multiple of {} heads", source, hidden_size, num_attention_heads);
  if (rotary_size() < 2 || rotary_size() > head_size() || rotary_size() % 2) {
    fail("{}: partial_rotary_factor {} of a head of {} is not an even number of dimensions", source,
         partial_rotary_factor, head_size());
  }
}

void ShowoConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  const int64_t expected = Vocabulary::after(llm_vocab_size, codebook_size, 0, 0).size;
  if (vocab_size != expected) {
    fail(
        "{}: vocab_size is {}, expected {} (llm_vocab_size + 10 special tokens + codebook_size + "
        "mask token)",
        source, vocab_size, expected);
  }
}

void check_positions(const ShowoConfig& config, const LlmConfig& llm, const std::string& source) {
  const int64_t row = config.num_vq_tokens + 3;  // <|mmu|> <|soi|> codes <|eoi|>
  if (row > llm.max_position_embeddings) {
    fail("{}: num_vq_tokens {} does not fit into max_position_embeddings {}", source,
         config.num_vq_tokens, llm.max_position_embeddings);
  }
}

Vocabulary ShowoConfig::vocabulary(const LlmConfig& llm) const {
  return Vocabulary::after(llm_vocab_size, codebook_size, llm.bos_token_id, llm.eos_token_id);
}

LlmConfig llm_config_from_json(const Json& json, const std::string& source) {
  if (!json.is_object()) fail("{}: expected keys and values", source);
  check_arithmetic(json, source);
  const auto config =
      from_published<LlmConfig>(with_single_ends(with_rope(json, source), source), source);
  expect(json, "num_key_value_heads", {config.num_attention_heads}, source);
  expect(json, "head_dim", {config.head_size()}, source);
  return config;
}
ShowoConfig showo_config_from_json(const Json& json, const std::string& source) {
  return from_published<ShowoConfig>(json, source);
}

}  // namespace showo
