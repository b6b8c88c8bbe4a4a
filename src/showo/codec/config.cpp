#include "showo/codec/config.h"

namespace showo {

void CodecConfig::check(const std::string& source) const {
  check_ranges(*this, source);
  const size_t levels = encoder_ch_mult.size();
  if (levels < 1 || levels > 8)
    fail("{}: encoder_ch_mult has {} levels, expected 1 to 8", source, levels);
  if (decoder_ch_mult.size() != levels || encoder_num_res_blocks.size() != levels ||
      decoder_num_res_blocks.size() != levels) {
    fail(
        "{}: ch_mult and num_res_blocks of encoder and decoder must have the same number of levels",
        source);
  }
  for (size_t i = 0; i < levels; ++i) {
    for (int64_t multiplier : {encoder_ch_mult[i], decoder_ch_mult[i]}) {
      const int64_t width = multiplier * ch;
      if (width > norm_groups && width % norm_groups != 0) {
        fail("{}: level {} is {}·{} wide, expected a multiple of norm_groups {}", source, i,
             multiplier, ch, norm_groups);
      }
    }
  }
}

CodecConfig codec_config_from_json(const Json& json, const std::string& source) {
  if (!json.is_object()) fail("{}: expected keys and values", source);
  Json known = Json::object();
  const Json defaults = config_to_json(CodecConfig{});
  for (const auto& item : defaults.items()) {
    if (json.contains(item.key())) known[item.key()] = json[item.key()];
  }
  if (json.contains("num_res_blocks")) {
    known["encoder_num_res_blocks"] = known["decoder_num_res_blocks"] = json["num_res_blocks"];
  }
  CodecConfig config;
  read_config(config, known, source);
  config.check(source);
  return config;
}

}  // namespace showo
