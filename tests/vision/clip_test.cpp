// Both towers of CLIP, its loss and its gradients against transformers' (data/make.py wrote the
// case), and the folder they are kept in.
#include "showo/vision/clip.h"

#include <gtest/gtest.h>

#include "showo/checkpoint/safetensors.h"
#include "showo/core/error.h"
#include "showo/core/random.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

const fs::path kCase = SHOWO_SOURCE_DIR "/tests/vision/data/whole";

void expect_close(const Tensor& found, const Tensor& expected, const std::string& name,
                  double bound = 1e-5) {
  ASSERT_EQ(found.sizes(), expected.sizes()) << name;
  const double largest = (found - expected).abs().max().item<double>();
  EXPECT_LT(largest, bound * std::max(expected.abs().max().item<double>(), 1e-3)) << name;
}

ClipConfig small_config() {
  ClipConfig config;
  config.projection_dim = 10;
  config.text_config.hidden_size = 16;
  config.text_config.intermediate_size = 32;
  config.text_config.num_hidden_layers = config.text_config.num_attention_heads = 2;
  config.text_config.vocab_size = 300;
  config.text_config.eos_token_id = 299;
  config.text_config.max_position_embeddings = 8;
  config.vision_config.hidden_size = 16;
  config.vision_config.intermediate_size = 32;
  config.vision_config.num_hidden_layers = config.vision_config.num_attention_heads = 2;
  config.vision_config.image_size = 16;
  config.vision_config.patch_size = 8;
  return config;
}

TEST(Clip, AgreesWithTransformersInEveryGradient) {
  const auto expected = read_safetensors(kCase / "case.safetensors").tensors;
  Clip clip = load_clip(kCase);
  const auto pictures = clip->embed_pictures(expected.at("pictures"));
  const auto texts = clip->embed_texts(expected.at("ids"));
  const auto similarities = clip->similarities(texts, pictures);
  const auto loss = contrastive_loss(similarities);
  expect_close(pictures, expected.at("picture_embeddings"), "pictures");
  expect_close(texts, expected.at("text_embeddings"), "texts");
  expect_close(similarities, expected.at("similarities"), "similarities");
  expect_close(loss, expected.at("loss"), "loss");
  loss.backward();
  for (const auto& item : clip->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    expect_close(item.value().grad(), expected.at("grad." + item.key()), item.key(), 1e-4);
  }
  EXPECT_EQ(clip->named_parameters().size(), expected.size() - 6);
}

TEST(Clip, IsReadAsItWasWritten) {
  torch::NoGradGuard no_grad;
  Clip clip(small_config());
  initialise_clip(clip, 7);
  std::string pattern = (fs::temp_directory_path() / "showo-clip-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  write_clip(folder, clip);
  Clip again = load_clip(folder);
  for (const auto& item : clip->named_parameters())
    EXPECT_TRUE(torch::equal(item.value(), again->named_parameters()[item.key()])) << item.key();
  auto generator = make_generator(1);
  const auto pictures = torch::randn({2, 3, 16, 16}, generator);
  EXPECT_TRUE(torch::equal(load_clip_vision(folder)->features(pictures),
                           clip->vision_model->features(pictures)));
  fs::remove_all(folder);
}

TEST(Clip, BeginsWithSimilaritiesOfTheScaleAndOutputsOfOneSize) {
  torch::NoGradGuard no_grad;
  Clip clip(small_config());
  initialise_clip(clip, 3);
  for (const auto& item : clip->named_parameters())
    EXPECT_TRUE(item.value().isfinite().all().item<bool>()) << item.key();
  EXPECT_NEAR(clip->logit_scale.item<double>(), 2.6592, 1e-4);
  const double back = clip->vision_model->encoder->layers->at<ClipLayerImpl>(0)
                          .mlp->fc2->weight.std()
                          .item<double>();
  EXPECT_NEAR(back, 1 / std::sqrt(16.0 * 2 * 2), 0.02);
  Clip other(small_config());
  initialise_clip(other, 3);
  EXPECT_TRUE(torch::equal(other->text_projection->weight, clip->text_projection->weight));
}

TEST(Clip, MultipliesSimilaritiesByAtMostAHundred) {
  Clip clip(small_config());
  initialise_clip(clip, 3);
  clip->limit_scale();
  EXPECT_NEAR(clip->logit_scale.item<double>(), 2.6592, 1e-4);
  torch::NoGradGuard no_grad;
  clip->logit_scale.fill_(9);
  clip->limit_scale();
  EXPECT_NEAR(clip->logit_scale.exp().item<double>(), 100, 1e-3);
}

TEST(ContrastiveLoss, IsLeastWhereEveryTextFindsItsPicture) {
  const auto right = 20 * torch::eye(4), wrong = right.flip(0);
  EXPECT_LT(contrastive_loss(right).item<double>(), 1e-6);
  EXPECT_GT(contrastive_loss(wrong).item<double>(), 10);
  EXPECT_NEAR(contrastive_loss(torch::zeros({4, 4})).item<double>(), std::log(4.0), 1e-6);
  // A picture that fits every text costs the texts nothing, the pictures much.
  auto lopsided = torch::zeros({2, 2});
  lopsided.select(1, 0).fill_(10);
  EXPECT_NEAR(contrastive_loss(lopsided).item<double>(), (5 + std::log(2.0)) / 2, 1e-3);
}

TEST(ClipConfig, TakesTheEndTokenOfPublishedFilesForTheHighest) {
  const Json json = {{"text_config", {{"eos_token_id", 2}, {"vocab_size", 49408}}}};
  EXPECT_EQ(clip_config_from_json(json, "x").text_config.eos_token_id, 49407);
  const Json beyond = {{"text_config", {{"eos_token_id", 50}, {"vocab_size", 50}}}};
  EXPECT_THROW(clip_config_from_json(beyond, "x"), Error);
}

TEST(ClipTextIds, EndEveryTextAndFillUpTheRest) {
  const auto tokenizer = Tokenizer::from_folder(SHOWO_SOURCE_DIR "/configs/embedded/llm");
  ClipTextConfig config;
  config.vocab_size = tokenizer->size();
  config.eos_token_id = *tokenizer->id_of("<|endoftext|>");
  config.max_position_embeddings = 6;
  const std::string text = "a glossy apple on a blue background";
  const auto whole = tokenizer->encode(text);
  ASSERT_GT(whole.size(), 6u);
  const auto ids = clip_text_ids(*tokenizer, {"a", text, ""}, config);
  ASSERT_EQ(ids.sizes(), (std::vector<int64_t>{3, 6}));
  EXPECT_EQ(ids[0][0].item<int64_t>(), tokenizer->encode("a")[0]);
  EXPECT_TRUE(ids[0].narrow(0, 1, 5).eq(config.eos_token_id).all().item<bool>());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ids[1][i].item<int64_t>(), whole[i]);
  EXPECT_EQ(ids[1][5].item<int64_t>(), config.eos_token_id);
  EXPECT_TRUE(ids[2].eq(config.eos_token_id).all().item<bool>());
}

TEST(ClipTextIds, BeginAsThePublishedTokenizerHasIt) {
  const auto tokenizer = Tokenizer::from_folder(SHOWO_SOURCE_DIR "/tests/text/data/clip");
  ClipTextConfig config;
  config.vocab_size = tokenizer->size();
  config.eos_token_id = *tokenizer->eos();
  config.max_position_embeddings = 5;
  std::vector<bool> cut;
  const auto ids =
      clip_text_ids(*tokenizer, {"The baker", "on the river, the baker"}, config, &cut);
  EXPECT_TRUE(torch::equal(
      ids, torch::tensor({{653L, 522L, 548L, 654L, 654L}, {653L, 530L, 522L, 614L, 654L}})));
  EXPECT_EQ(cut, (std::vector<bool>{false, true}));
}

TEST(ClipText, IsNotChangedByWhatFillsItUp) {
  torch::NoGradGuard no_grad;
  Clip clip = load_clip(kCase);
  const auto alone = torch::tensor({{2L, 7L, 19L}});
  const auto filled = torch::tensor({{2L, 7L, 19L, 19L, 19L}});
  expect_close(clip->embed_texts(filled), clip->embed_texts(alone), "filled");
}

}  // namespace
}  // namespace showo
