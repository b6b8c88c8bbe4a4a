#include "showo/model/config.h"

#include <algorithm>

#include "showo/core/published_config.h"
#include "showo/model/backbone.h"

namespace showo {
namespace {

// The value of a key, or null where it is not there.
Json value_of(const Json& json, const char* key) { return json.contains(key) ? json[key] : Json(); }

void check_phi(const Json& json, const std::string& source) {
  expect_one_of(json, "hidden_act", {"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}, source);
  for (const char* biases : {"attention_bias", "mlp_bias", "lm_head_bias"})
    expect_one_of(json, biases, {true}, source);
  for (const char* other : {"tie_word_embeddings", "use_sliding_window", "sliding_window"})
    expect_one_of(json, other, {false}, source);
}

void check_llama(const Json& json, const std::string& source) {
  expect_one_of(json, "hidden_act", {"silu"}, source);
  for (const char* other : {"mlp_bias", "use_sliding_window"})
    expect_one_of(json, other, {false}, source);
  expect_one_of(json, "pretraining_tp", {1}, source);
  // Their files always say these; phi's sizes, which are the defaults, are none of theirs.
  for (const char* size : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                           "num_attention_heads"}) {
    if (!json.contains(size)) fail("{}: {} is missing", source, size);
  }
}

// What a configuration can say that changes numbers, and the values under which they are those of
// this program.
void check_arithmetic(const Json& json, const std::string& family, const std::string& source) {
  (family == "phi" ? check_phi : check_llama)(json, source);
}

// "layer", "rms" or "none": the norm over heads that the file speaks of.
std::string qk_norm_of(const Json& json, const std::string& family, const std::string& source) {
  if (family == "qwen3") return "rms";
  expect_one_of(json, "qk_layernorm", {true, false}, source);
  expect_one_of(json, "qk_norm", {"", "none", "layer", "rms"}, source);
  if (value_of(json, "qk_layernorm") == Json(true)) return "layer";
  const Json named = value_of(json, "qk_norm");
  return named.is_string() && named != "" ? named.get<std::string>() : "none";
}

// Newer transformers put what rotates into a group of its own (rope_parameters), older ones only a
// stretching of it (rope_scaling).
Json with_rope(Json json, const std::string& family, const std::string& source) {
  const bool phi = family == "phi";
  Json scaling = Json::object();
  for (const char* group : {"rope_parameters", "rope_scaling"}) {
    const Json values = value_of(json, group);
    if (values.is_null()) continue;
    const std::string where = fmt::format("{}: {}", source, group);
    if (!values.is_object())
      fail("{}: expected keys and values, found {}", where, config_detail::shown(values));
    for (const char* kind : {"rope_type", "type"}) {
      expect_one_of(
          values, kind,
          phi ? std::vector<Json>{"default"} : std::vector<Json>{"default", "linear", "llama3"},
          where);
      if (!value_of(values, kind).is_null()) scaling["rope_type"] = values[kind];
    }
    const Json known = phi ? Json::object() : config_to_json(RopeScaling());
    for (const auto& [key, value] : values.items()) {
      if (key == "rope_type" || key == "type" || value.is_null()) continue;
      if (known.contains(key)) {
        scaling[key] = value;
        continue;
      }
      if (key != "rope_theta" && key != "partial_rotary_factor")
        fail("{}: {} is not supported", where, key);
      expect_one_of(json, key.c_str(), {value}, source);
      json[key] = value;
    }
  }
  json["rope_scaling"] = scaling;
  if (!phi) expect_one_of(json, "partial_rotary_factor", {1, 1.0}, source);
  return json;
}

// transformers allows several tokens to end a text; the first is [EOT].
Json with_single_ends(Json json, std::vector<int64_t>& others, const std::string& source) {
  for (const char* key : {"bos_token_id", "eos_token_id"}) {
    const Json value = value_of(json, key);
    if (!value.is_array()) continue;
    const bool several = std::string_view(key) == "eos_token_id";
    const bool ids = std::ranges::all_of(
        value, [](const Json& id) { return id.is_number_integer() && id >= 0; });
    if (value.empty() || !ids || (value.size() > 1 && !several)) {
      fail("{}: {}: expected {}, found {}", source, key,
           several ? "one token or several" : "one token", config_detail::shown(value));
    }
    json[key] = value[0];
    for (size_t i = 1; i < value.size(); ++i) others.push_back(value[i]);
  }
  return json;
}

}  // namespace

int64_t LlmConfig::rotary_size() const {
  return model_type == "phi" ? static_cast<int64_t>(partial_rotary_factor * head_size())
                             : head_size();
}

void LlmConfig::check(const std::string& source) const {
  family_of(model_type, source);
  check_ranges(*this, source);
  if (head_dim == 0 && hidden_size % num_attention_heads)
    fail("{}: hidden_size {} is no multiple of {} heads", source, hidden_size, num_attention_heads);
  if (num_attention_heads % key_heads()) {
    fail("{}: {} heads are no multiple of num_key_value_heads {}", source, num_attention_heads,
         key_heads());
  }
  if (model_type == "phi" && (key_heads() != num_attention_heads || tie_word_embeddings ||
                              attention_bias || head_size() * num_attention_heads != hidden_size)) {
    fail("{}: phi has as many heads of keys as heads, and a head of its own", source);
  }
  if (rope_scaling.rope_type != "default" && rope_scaling.rope_type != "linear" &&
      rope_scaling.rope_type != "llama3") {
    fail("{}: rope_scaling.rope_type: expected default, linear or llama3, found {}", source,
         rope_scaling.rope_type);
  }
  if (rope_scaling.rope_type == "llama3" &&
      rope_scaling.high_freq_factor <= rope_scaling.low_freq_factor) {
    fail("{}: rope_scaling.high_freq_factor: expected above low_freq_factor {}, found {}", source,
         rope_scaling.low_freq_factor, rope_scaling.high_freq_factor);
  }
  if (!qk_norm.empty() && qk_norm != "layer" && qk_norm != "rms" && qk_norm != "none")
    fail("{}: qk_norm: expected layer, rms or none, found {}", source, qk_norm);
  if (rotary_size() < 2 || rotary_size() > head_size() || rotary_size() % 2) {
    fail("{}: what rotates of a head of {} is not an even number of dimensions, {}", source,
         head_size(), rotary_size());
  }
}

Vision ShowoConfig::seen_as() const {
  return vision == "clip"     ? Vision::kClip
         : vision == "magvit" ? Vision::kMagvit
                              : Vision::kDiscrete;
}

void ShowoConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  if (vision != "discrete" && vision != "magvit" && vision != "clip")
    fail("{}: vision: expected discrete, magvit or clip, found {}", source, vision);
  if (magvit_features != "latent" && magvit_features != "map")
    fail("{}: magvit_features: expected latent or map, found {}", source, magvit_features);
  if (attention != "omni" && attention != "causal")
    fail("{}: attention: expected omni or causal, found {}", source, attention);
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
  const Json type = value_of(json, "model_type");
  const std::string family = type.is_null()     ? "phi"
                             : type.is_string() ? type.get<std::string>()
                                                : type.dump();
  family_of(family, source);
  check_arithmetic(json, family, source);
  std::vector<int64_t> others;
  Json known = with_single_ends(with_rope(json, family, source), others, source);
  known["qk_norm"] = qk_norm_of(json, family, source);
  if (family == "phi") {  // always there, and always apart: checked above
    known.erase("attention_bias");
    const Json heads = value_of(json, "num_attention_heads");
    expect_one_of(json, "num_key_value_heads",
                  {heads.is_null() ? Json(LlmConfig().num_attention_heads) : heads}, source);
    known.erase("num_key_value_heads");
    known.erase("head_dim");
  } else if (value_of(known, "bos_token_id").is_null()) {
    known["bos_token_id"] = value_of(known, "eos_token_id");
  }
  auto config = read_published<LlmConfig>(known, source);
  config.other_eos_token_ids = std::move(others);
  if (family == "phi") expect_one_of(json, "head_dim", {config.head_size()}, source);
  return config;
}

Json llm_config_to_json(const LlmConfig& config) {
  Json json = config_to_json(config);
  const bool phi = config.model_type == "phi";
  json["num_key_value_heads"] = config.key_heads();
  if (!config.other_eos_token_ids.empty()) {
    json["eos_token_id"] = Json::array({config.eos_token_id});
    for (const int64_t id : config.other_eos_token_ids) json["eos_token_id"].push_back(id);
  }
  json["hidden_act"] = phi ? "gelu_new" : "silu";
  json.erase(phi ? "rms_norm_eps" : "layer_norm_eps");
  if (phi) {
    json["qk_layernorm"] = config.qk_norm == "layer";
    for (const char* other : {"attention_bias", "tie_word_embeddings"}) json.erase(other);
  } else {
    json.erase("partial_rotary_factor");
  }
  if (config.head_dim == 0) json.erase("head_dim");
  if (config.rope_scaling.rope_type == "default") json.erase("rope_scaling");
  return json;
}

ShowoConfig showo_config_from_json(const Json& json, const std::string& source) {
  Json known = json;
  if (json.is_object()) {
    expect_one_of(json, "w_clip_vit", {true, false}, source);
    const bool clip = value_of(json, "w_clip_vit") == Json(true);
    const Json vision = value_of(json, "vision");
    if (clip && vision.is_null()) known["vision"] = "clip";
    if (clip && !vision.is_null()) expect_one_of(json, "vision", {"clip"}, source + ": w_clip_vit");
  }
  return read_published<ShowoConfig>(known, source);
}

Json showo_config_to_json(const ShowoConfig& config) {
  Json json = config_to_json(config);
  json["w_clip_vit"] = config.seen_as() == Vision::kClip;
  if (config.seen_as() != Vision::kMagvit) json.erase("magvit_features");
  if (config.seen_as() == Vision::kDiscrete) json.erase("feature_width");
  if (config.attends() == Attention::kOmni) json.erase("attention");
  if (config.qk_norm) json.erase("qk_norm");
  if (!config.stories) json.erase("stories");
  return json;
}

}  // namespace showo
