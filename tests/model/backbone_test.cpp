// The families of language models against plain formulas, and what every family must do alike:
// caches, rounding, recomputation.
#include "showo/model/backbone.h"

#include <gtest/gtest.h>

#include "showo/core/random.h"
#include "showo/model/packed_rows.h"
#include "showo/model/rope_scaling.h"

namespace showo {
namespace {

LlmConfig tiny(const std::string& model_type) {
  LlmConfig llm;
  llm.model_type = model_type;
  llm.hidden_size = 64;
  llm.intermediate_size = 96;
  llm.num_hidden_layers = 2;
  llm.num_attention_heads = 4;
  llm.vocab_size = 50;
  llm.bos_token_id = llm.eos_token_id = 0;
  llm.qk_norm = model_type == "phi" ? "layer" : "rms";
  if (model_type == "phi") return llm;
  llm.num_key_value_heads = 2;
  return llm;
}

Backbone random_model(const LlmConfig& llm) {
  Backbone model(llm, llm.vocab_size);
  torch::NoGradGuard no_grad;
  auto random = make_generator(5);
  for (auto& parameter : model->parameters()) {
    parameter.normal_(0, 0.3, random);
    if (parameter.dim() == 1) parameter.add_(1);
  }
  return model;
}

Row text(int64_t length) {
  Row row;
  for (int64_t i = 0; i < length; ++i) {
    const int64_t id = (7 * i + 3) % 50;
    row.append_text(Ids(&id, 1));
  }
  return row;
}

Tensor logits_of(Backbone& model, const PackedRows& rows) {
  return model->logits(model->hidden(rows.ids_T, rows.positions_T, rows.sequences));
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, ReadInPartsWhatTheyReadAtOnce) {
  torch::NoGradGuard no_grad;
  Backbone model = random_model(tiny(GetParam()));
  const Row row = text(12);
  const auto whole = logits_of(model, pack({row}));
  KvCache cache = model->new_cache();
  for (const int64_t length : {5, 6, 7, 12}) {
    const int64_t before = cache.length();
    const auto part = logits_of(model, pack({text(length)}, {&cache}));
    EXPECT_TRUE(torch::allclose(part, whole.narrow(0, before, length - before), 1e-3, 1e-3));
  }
}

TEST_P(Families, RoundTheirWeights) {
  torch::NoGradGuard no_grad;
  for (const bool tied : {false, true}) {
    LlmConfig llm = tiny(GetParam());
    if (tied && llm.model_type == "phi") continue;
    llm.tie_word_embeddings = tied;
    Backbone model = random_model(llm);
    const PackedRows rows = pack({text(12)});
    const auto exact = logits_of(model, rows);
    model->round_weights(LowBits::of(8));
    const auto rounded = logits_of(model, rows);
    EXPECT_LT(((rounded - exact).norm() / exact.norm()).item<double>(), 0.1) << tied;
    EXPECT_FALSE(torch::equal(rounded, exact));
  }
}

// Sums of a layer's parts may come in another order.
TEST_P(Families, ComputeTheSameGradientsAgain) {
  std::vector<Tensor> gradients[2];
  for (const bool again : {false, true}) {
    Backbone model = random_model(tiny(GetParam()));
    model->recompute_layers = again;
    logits_of(model, pack({text(9), text(5)})).square().mean().backward();
    for (const auto& parameter : model->parameters()) gradients[again].push_back(parameter.grad());
  }
  for (size_t i = 0; i < gradients[0].size(); ++i)
    EXPECT_TRUE(torch::allclose(gradients[0][i], gradients[1][i], 1e-4, 1e-6)) << i;
}

INSTANTIATE_TEST_SUITE_P(All, Families, testing::Values("phi", "llama", "qwen2", "qwen3"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Families, HaveTheKeysOfTheirFolders) {
  const auto has = [](const std::string& family, const std::string& key) {
    Backbone model(tiny(family), 50);
    return model->named_parameters().contains(key);
  };
  EXPECT_TRUE(has("phi", "model.layers.1.self_attn.dense.bias"));
  EXPECT_TRUE(has("phi", "model.final_layernorm.bias"));
  EXPECT_TRUE(has("phi", "lm_head.bias"));
  EXPECT_TRUE(has("llama", "model.layers.1.self_attn.o_proj.weight"));
  EXPECT_TRUE(has("llama", "model.layers.0.self_attn.q_layernorm.weight"));
  EXPECT_TRUE(has("llama", "model.norm.weight"));
  EXPECT_FALSE(has("llama", "lm_head.bias"));
  EXPECT_FALSE(has("llama", "model.layers.0.self_attn.q_proj.bias"));
  EXPECT_TRUE(has("qwen2", "model.layers.0.self_attn.q_proj.bias"));
  EXPECT_FALSE(has("qwen2", "model.layers.0.self_attn.o_proj.bias"));
  EXPECT_TRUE(has("qwen3", "model.layers.0.self_attn.q_norm.weight"));
}

// Llama 3.1's: angles of wavelengths below 8192/4 stay, above 8192/1 are eight times as slow.
TEST(RopeFrequencies, AreStretchedAsPublished) {
  LlmConfig llm = tiny("llama");
  llm.hidden_size = 4 * 128;
  llm.rope_theta = 500000;
  const auto plain = rope_frequencies(llm);
  llm.rope_scaling = {"llama3", 8, 1, 4, 8192};
  const auto stretched = rope_frequencies(llm);
  const auto ratio = plain / stretched;
  EXPECT_EQ(ratio[0].item<float>(), 1);
  EXPECT_NEAR(ratio[63].item<float>(), 8, 1e-4);
  const auto wavelengths = 2 * M_PI / plain;
  for (int64_t i = 0; i < 64; ++i) {
    const double length = wavelengths[i].item<double>(), by = ratio[i].item<double>();
    if (length < 2048) EXPECT_NEAR(by, 1, 1e-5) << i;
    if (length > 8192) EXPECT_NEAR(by, 8, 1e-4) << i;
    if (length > 2049 && length < 8191) {
      const double smooth = (8192 / length - 1) / 3;
      EXPECT_NEAR(1 / by, (1 - smooth) / 8 + smooth, 1e-5) << i;
    }
  }
  llm.rope_scaling = {"linear", 4};
  EXPECT_TRUE(torch::allclose(rope_frequencies(llm) * 4, plain));
}

}  // namespace
}  // namespace showo
