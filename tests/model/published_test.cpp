// Folders of the published layout: under the names that the reference looks for, with what its
// loader asks for, and no configuration that asks for other arithmetic read as if it did not.
#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/model/folder.h"
#include "tests/support/tiny_showo.h"

namespace showo {
namespace {

class Published : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-published-{}", ::getpid());
    fs::remove_all(folder_);
    save_showo(folder_ / "model", tiny_showo());
  }
  void TearDown() override { fs::remove_all(folder_); }

  template <class Action>
  static std::string complaint(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string loading(torch::ScalarType dtype = torch::kFloat,
                      std::optional<LowBits> low_bits = {}) const {
    return complaint(
        [&] { load_showo(ModelPaths::in(folder_ / "model"), dtype, torch::kCPU, low_bits); });
  }
  // Loads the model with other keys in its language model's config.json.
  std::string with(const Json& changes) const {
    const fs::path path = folder_ / "model/llm/config.json";
    const std::string before = read_file(path);
    Json json = read_json(path);
    json.update(changes);
    write_file_atomically(path, json.dump());
    const std::string found = loading();
    write_file_atomically(path, before);
    if (found.empty()) return "";
    EXPECT_TRUE(found.starts_with(path.string() + ": ")) << found;
    return found.substr(path.string().size() + 2);
  }
  fs::path folder_;
};

TEST_F(Published, WeightsHaveTheNameThatTheReferenceLooksFor) {
  Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3});
  initialise_codec(codec, 1);
  save_codec(folder_ / "codec", codec);
  for (const char* part : {"model", "codec"}) {
    EXPECT_TRUE(fs::exists(folder_ / part / "pytorch_model.safetensors")) << part;
    EXPECT_FALSE(fs::exists(folder_ / part / "model.safetensors")) << part;
  }
  EXPECT_EQ(loading(), "");
}

// The reference's loader refuses a file without them.
TEST_F(Published, ATokenizersFileHoldsTheQuantizersTables) {
  Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3});
  initialise_codec(codec, 1);
  save_codec(folder_ / "codec", codec);
  const TensorMap tensors = read_weights(folder_ / "codec");
  EXPECT_TRUE(tensors.at("quantize.power_vals").equal(torch::tensor({4, 2, 1}, torch::kLong)));
  const auto signs = tensors.at("quantize.embedding");
  EXPECT_EQ(signs.scalar_type(), torch::kFloat);
  ASSERT_EQ(signs.sizes(), (at::IntArrayRef{8, 3}));
  EXPECT_TRUE(signs[5].equal(torch::tensor({1.F, -1.F, 1.F})));
  EXPECT_TRUE(signs[0].equal(torch::full({3}, -1.F)));
  EXPECT_EQ(tensors.size(), state_of(*codec).size() + 2);
  EXPECT_TRUE(state_of(*load_codec(folder_ / "codec"))
                  .at("decoder.conv_in.weight")
                  .equal(codec->decoder->conv_in->weight));
}

TEST_F(Published, NewerConfigurationsAreRead) {
  const Json config = {
      {"model_type", "phi"},
      {"rope_parameters",
       {{"rope_type", "default"}, {"rope_theta", 500000.0}, {"partial_rotary_factor", 0.25}}},
      {"rope_scaling", nullptr},
      {"num_key_value_heads", nullptr},
      {"eos_token_id", {7}},
      {"bos_token_id", nullptr},
      {"hidden_act", "gelu_pytorch_tanh"}};
  const LlmConfig llm = llm_config_from_json(config, "c");
  EXPECT_EQ(llm.rope_theta, 500000);
  EXPECT_EQ(llm.partial_rotary_factor, 0.25);
  EXPECT_EQ(llm.eos_token_id, 7);
  EXPECT_EQ(llm.bos_token_id, 50256);
}

TEST_F(Published, WhatWouldChangeNumbersIsRefused) {
  for (const auto& [changes, expected] : std::vector<std::pair<Json, std::string>>{
           {{{"hidden_act", "gelu"}},
            "hidden_act: only [\"gelu_new\",\"gelu_pytorch_tanh\",\"gelu_fast\"] is supported, "
            "found \"gelu\""},
           {{{"qk_layernorm", "yes"}}, "qk_layernorm: only [true,false] is supported"},
           {{{"num_key_value_heads", 1}}, "num_key_value_heads: only 2 is supported, found 1"},
           {{{"head_dim", 8}}, "head_dim: only 16 is supported, found 8"},
           {{{"tie_word_embeddings", true}}, "tie_word_embeddings: only false is supported"},
           {{{"attention_bias", false}}, "attention_bias: only true is supported"},
           {{{"sliding_window", 512}}, "sliding_window: only false is supported"},
           {{{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}},
            "rope_scaling: type: only \"default\" is supported, found \"linear\""},
           {{{"rope_scaling", {{"factor", 2.0}}}}, "rope_scaling: factor is not supported"},
           {{{"rope_parameters", {{"rope_type", "yarn"}}}}, "rope_parameters: rope_type: only"},
           {{{"rope_parameters", {{"rope_theta", 5.0}}}},
            "rope_theta: only 5.0 is supported, found 10000.0"},
           {{{"rope_parameters", "default"}}, "rope_parameters: expected keys and values"},
           {{{"bos_token_id", {1, 2}}}, "bos_token_id: expected one token, found [1,2]"},
           {{{"eos_token_id", {1, "x"}}}, "eos_token_id: expected one token or several"},
           {{{"eos_token_id", 40}}, "eos_token_id: expected below llm_vocab_size 40, found 40"},
           {{{"bos_token_id", nullptr}}, "bos_token_id: expected below llm_vocab_size 40"}}) {
    const std::string found = with(changes);
    EXPECT_TRUE(found.starts_with(expected)) << found << "\nexpected " << expected;
  }
  // phi-1.5's own says false, and Show-o normalises all the same.
  EXPECT_EQ(with({{"qk_layernorm", false}, {"num_key_value_heads", 2}, {"head_dim", 16}}), "");
}

TEST_F(Published, AValueThatHalfPrecisionCannotHoldIsNamed) {
  EXPECT_EQ(loading(torch::kHalf), "");
  auto model = tiny_showo();
  {
    torch::NoGradGuard no_grad;
    model->showo->model->final_norm->weight[3] = 1e5;
  }
  save_showo(folder_ / "model", model);
  const std::string name = "tensor 'showo.model.final_layernorm.weight'";
  EXPECT_EQ(loading(torch::kBFloat16), "");
  EXPECT_NE(loading(torch::kHalf).find(name), std::string::npos) << loading(torch::kHalf);
  EXPECT_NE(loading(torch::kHalf, LowBits::of(8)).find(name), std::string::npos);
}

}  // namespace
}  // namespace showo
