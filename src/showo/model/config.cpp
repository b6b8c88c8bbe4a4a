#include "showo/model/config.h"

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
  return from_published<LlmConfig>(json, source);
}
ShowoConfig showo_config_from_json(const Json& json, const std::string& source) {
  return from_published<ShowoConfig>(json, source);
}

}  // namespace showo
