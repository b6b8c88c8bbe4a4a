// The shape of a MAGVIT-v2 image tokenizer. The published config.json has none of these keys: the
// defaults are its values.
#pragma once

#include <vector>

#include "showo/core/config.h"

namespace showo {

struct CodecConfig {
  int64_t ch = 128;
  std::vector<int64_t> encoder_ch_mult{1, 2, 2, 4, 4};
  std::vector<int64_t> decoder_ch_mult{1, 1, 2, 2, 4};
  std::vector<int64_t> encoder_num_res_blocks{4, 3, 4, 3, 4};
  std::vector<int64_t> decoder_num_res_blocks{4, 4, 3, 4, 3};
  int64_t z_channels = 13;
  int64_t norm_groups = 32;

  template <class V>
  void visit(V& v) {
    v(ch, "ch", "base width, a multiple of 32", between(1, 4096));
    v(encoder_ch_mult, "encoder_ch_mult", "width of each encoder level in units of ch",
      between(1, 64));
    v(decoder_ch_mult, "decoder_ch_mult", "width of each decoder level in units of ch",
      between(1, 64));
    v(encoder_num_res_blocks, "encoder_num_res_blocks", "residual blocks of each encoder level",
      between(1, 64));
    v(decoder_num_res_blocks, "decoder_num_res_blocks", "residual blocks of each decoder level",
      between(1, 64));
    v(z_channels, "z_channels", "bits of a code", between(1, 24));
    v(norm_groups, "norm_groups", "groups of channels that are normalised together",
      between(1, 4096));
  }

  /// Pixels a token covers along each side.
  int64_t stride() const { return int64_t{1} << (encoder_ch_mult.size() - 1); }
  int64_t codebook_size() const { return int64_t{1} << z_channels; }
  /// Throws Error naming `source` when the lists' lengths differ or a number is out of range.
  void check(const std::string& source) const;
};

/// From a codec's config.json. `ch_mult` and `num_res_blocks` give both lists at once. Keys that
/// change no numbers (`_class_name`, notes) are passed over, those that ask for other arithmetic
/// (`double_z`, attention between the levels) are refused. Throws Error naming `source` and the
/// key.
CodecConfig codec_config_from_json(const Json& json, const std::string& source);

}  // namespace showo
