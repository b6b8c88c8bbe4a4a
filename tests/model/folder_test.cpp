// Configurations that claim more than their weights hold: refused by name, before memory is taken.
#include "showo/model/folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

class LyingConfig : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-folder-{}", ::getpid());
    save_showo(folder_ / "model", tiny_showo());
    Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 6});
    initialise_codec(codec, 1);
    save_codec(folder_ / "codec", codec);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void set(const fs::path& file, const std::string& key, const Json& value) const {
    Json json = read_json(folder_ / file);
    json[key] = value;
    write_file_atomically(folder_ / file, json.dump());
  }
  std::string complaint() const {
    try {
      load_codec(folder_ / "codec");
      load_showo(ModelPaths::in(folder_ / "model"));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path folder_;
};

TEST_F(LyingConfig, TheTrueOneLoads) { EXPECT_EQ(complaint(), ""); }

TEST_F(LyingConfig, AWidthThatTheWeightsDoNotHave) {
  set("model/llm/config.json", "hidden_size", 65536);
  EXPECT_NE(complaint().find("tensor 'showo."), std::string::npos) << complaint();
  EXPECT_NE(complaint().find("65536"), std::string::npos) << complaint();
}

TEST_F(LyingConfig, LayersThatTheWeightsDoNotHave) {
  set("model/llm/config.json", "num_hidden_layers", 1000);
  EXPECT_NE(complaint().find("layers.999"), std::string::npos);
}

TEST_F(LyingConfig, RoundedWeightsOfAnotherWidth) {
  set("model/config.json", "quantization_config",
      {{"quant_method", "showo"}, {"bits", 8}, {"group", 0}});
  set("model/llm/config.json", "hidden_size", 65536);
  EXPECT_NE(complaint().find("weight_codes"), std::string::npos) << complaint();
}

TEST_F(LyingConfig, APictureLongerThanThePositions) {
  set("model/config.json", "num_vq_tokens", 65536);
  EXPECT_NE(complaint().find("num_vq_tokens 65536 does not fit into max_position_embeddings 2048"),
            std::string::npos)
      << complaint();
}

TEST_F(LyingConfig, ACodecWiderThanItsWeights) {
  set("codec/config.json", "ch", 4096);
  EXPECT_NE(complaint().find("tensor 'decoder.conv_in.weight'"), std::string::npos) << complaint();
}

TEST_F(LyingConfig, NumbersOutOfRange) {
  struct Case {
    const char *file, *key;
    Json value;
    const char* expected;
  };
  for (const auto& [file, key, value, expected] : std::initializer_list<Case>{
           {"model/config.json", "text_tokens", -1, "text_tokens: expected 2 to 65536, found -1"},
           {"model/config.json", "num_vq_tokens", 0, "num_vq_tokens: expected 1 to 65536, found 0"},
           {"model/llm/config.json", "hidden_size", 0, "hidden_size: expected 1 to 65536"},
           {"model/llm/config.json", "rope_theta", -1, "rope_theta: expected above 0, found -1"},
           {"model/llm/config.json", "layer_norm_eps", -1e-5, "layer_norm_eps: expected 0 to 1"},
           {"model/llm/config.json", "eos_token_id", -5, "eos_token_id: expected 0 to "},
           {"codec/config.json", "z_channels", 64, "z_channels: expected 1 to 24, found 64"},
           {"codec/config.json",
            "encoder_num_res_blocks",
            {1, -1},
            "encoder_num_res_blocks[1]: expected 1 to 64, found -1"}}) {
    const Json before = read_json(folder_ / file);
    set(file, key, value);
    const std::string message = complaint();
    EXPECT_TRUE(message.starts_with((folder_ / file).string() + ": ")) << message;
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    write_file_atomically(folder_ / file, before.dump());
  }
}

}  // namespace
}  // namespace showo
