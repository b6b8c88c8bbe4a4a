#include "showo/vision/clip_config.h"

namespace showo {
namespace {

// Files of the first years give a tower's keys a second time as NAME_dict, which transformers
// prefers.
Json with_preferred(Json json) {
  for (const char* tower : {"text_config", "vision_config"}) {
    const auto found = json.find(std::string(tower) + "_dict");
    if (found != json.end() && found->is_object()) json[tower] = *found;
  }
  return json;
}

bool is_whole(const Json& json) {
  return json.contains("vision_config") || json.contains("vision_config_dict");
}

void check_colours(const Json& vision, const std::string& source) {
  expect_one_of(vision, "num_channels", {3}, source);
}

}  // namespace

void ClipLayersConfig::check(const std::string& source) const {
  if (hidden_size % num_attention_heads)
    fail("{}: hidden_size {} is no multiple of num_attention_heads {}", source, hidden_size,
         num_attention_heads);
  if (hidden_act != "quick_gelu" && hidden_act != "gelu")
    fail("{}: hidden_act: expected quick_gelu or gelu, found '{}'", source, hidden_act);
}

void ClipVisionConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  ClipLayersConfig::check(source);
  if (patch_size > image_size)
    fail("{}: patch_size {} is above image_size {}", source, patch_size, image_size);
}

void ClipTextConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  ClipLayersConfig::check(source);
  if (eos_token_id >= vocab_size)
    fail("{}: eos_token_id: expected below vocab_size {}, found {}", source, vocab_size,
         eos_token_id);
}

void ClipConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  text_config.check(source + ": text_config");
  vision_config.check(source + ": vision_config");
}

ClipVisionConfig clip_vision_config_from_json(const Json& json, const std::string& source) {
  if (!json.is_object())
    fail("{}: expected keys and values, found {}", source, config_detail::shown(json));
  expect_one_of(json, "model_type", {"clip", "clip_vision_model"}, source);
  const bool whole = is_whole(json);
  const Json vision = whole ? with_preferred(json)["vision_config"] : json;
  const std::string where = whole ? source + ": vision_config" : source;
  const auto config = read_published<ClipVisionConfig>(vision, where);
  check_colours(vision, where);
  return config;
}

ClipConfig clip_config_from_json(const Json& json, const std::string& source) {
  if (!json.is_object())
    fail("{}: expected keys and values, found {}", source, config_detail::shown(json));
  expect_one_of(json, "model_type", {"clip"}, source);
  const Json preferred = with_preferred(json);
  auto config = read_published<ClipConfig>(preferred, source);
  // Published files give 2, by mistake: there transformers takes the highest id for the end.
  if (config.text_config.eos_token_id == 2)
    config.text_config.eos_token_id = config.text_config.vocab_size - 1;
  if (preferred.contains("vision_config"))
    check_colours(preferred["vision_config"], source + ": vision_config");
  return config;
}

}  // namespace showo
