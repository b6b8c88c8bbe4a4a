#include "showo/codec/config.h"

#include "showo/core/published_config.h"

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

namespace {

// What the reference's encoder and decoder can be told that changes numbers, and the values under
// which they are this one's. No level is 5 pixels wide: the published value asks for no attention.
void check_arithmetic(const Json& json, const std::string& source) {
  expect_one_of(json, "double_z", {false}, source);
  expect_one_of(json, "attn_resolutions", {Json::array(), Json::array({5})}, source);
  for (const char* colours : {"in_ch", "out_ch"}) expect_one_of(json, colours, {3}, source);
}

}  // namespace

CodecConfig codec_config_from_json(const Json& json, const std::string& source) {
  check_arithmetic(json, source);
  Json both = json;
  for (const std::string list : {"ch_mult", "num_res_blocks"}) {
    const auto found = json.find(list);
    if (found != json.end()) both["encoder_" + list] = both["decoder_" + list] = *found;
  }
  return read_published<CodecConfig>(both, source);
}

}  // namespace showo
