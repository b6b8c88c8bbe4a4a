#include "showo/codec/config.h"

namespace showo {

void CodecConfig::check(const std::string& source) const {
  const size_t levels = encoder_ch_mult.size();
  if (levels < 1 || levels > 8)
    fail("{}: encoder_ch_mult has {} levels, expected 1 to 8", source, levels);
  if (decoder_ch_mult.size() != levels || encoder_num_res_blocks.size() != levels ||
      decoder_num_res_blocks.size() != levels) {
    fail(
        "{}: ch_mult and num_res_blocks of encoder and decoder must have the same number of levels",
        source);
  }
  if (ch < 1 || ch > 4096) fail("{}: ch is {}, expected 1 to 4096", source, ch);
  if (z_channels < 1 || z_channels > 24)
    fail("{}: z_channels is {}, expected 1 to 24", source, z_channels);
  if (norm_groups < 1) fail("{}: norm_groups is {}, expected 1 or more", source, norm_groups);
  for (size_t i = 0; i < levels; ++i) {
    for (int64_t multiplier : {encoder_ch_mult[i], decoder_ch_mult[i]}) {
      const int64_t width = multiplier * ch;
      if (multiplier < 1 || multiplier > 64 || (width > norm_groups && width % norm_groups != 0)) {
        fail("{}: level {} is {}·{} wide, expected a multiple of norm_groups {}", source, i,
             multiplier, ch, norm_groups);
      }
    }
    for (int64_t blocks : {encoder_num_res_blocks[i], decoder_num_res_blocks[i]}) {
      if (blocks < 1 || blocks > 64)
        fail("{}: level {} has {} residual blocks, expected 1 to 64", source, i, blocks);
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
