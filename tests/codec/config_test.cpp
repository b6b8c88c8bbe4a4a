// A codec's config.json: what gives its shape, what is passed over, what is refused.
#include "showo/codec/config.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

CodecConfig read(const char* text) {
  return codec_config_from_json(parse_json(text, "config.json"), "config.json");
}

std::string refusal(const char* text) {
  try {
    read(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CodecConfig, IsThePublishedShapeWhereTheFileSaysNothingOfIt) {
  const CodecConfig config = read(R"({"_class_name": "MAGVITv2", "dropout": 0.0, "resolution": 256,
      "double_z": false, "attn_resolutions": [5], "in_ch": 3, "out_ch": 3, "ch": null})");
  EXPECT_EQ(config_to_json(config), config_to_json(CodecConfig()));
}

TEST(CodecConfig, TakesOneListForEncoderAndDecoder) {
  const CodecConfig config = read(R"({"ch_mult": [1, 2], "num_res_blocks": [3, 1]})");
  EXPECT_EQ(config.encoder_ch_mult, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(config.decoder_ch_mult, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(config.encoder_num_res_blocks, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(config.decoder_num_res_blocks, (std::vector<int64_t>{3, 1}));
}

TEST(CodecConfig, RefusesOtherArithmeticByName) {
  EXPECT_EQ(refusal(R"({"double_z": true})"),
            "config.json: double_z: only false is supported, found true");
  EXPECT_NE(refusal(R"({"attn_resolutions": [16]})").find("attn_resolutions"), std::string::npos);
  EXPECT_NE(refusal(R"({"in_ch": 1})").find("in_ch"), std::string::npos);
  EXPECT_NE(refusal(R"({"out_ch": 4})").find("out_ch"), std::string::npos);
  EXPECT_NE(refusal(R"([1, 2])").find("expected keys and values"), std::string::npos);
}

}  // namespace
}  // namespace showo
