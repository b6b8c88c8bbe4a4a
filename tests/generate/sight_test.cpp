// Pictures seen as features: answers through the cache are those of the whole row read anew, and a
// tower that does not fit is named.
#include "showo/generate/sight.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/codec/initialise.h"
#include "showo/core/error.h"
#include "showo/core/random.h"
#include "showo/generate/context.h"
#include "showo/prompt/omni_attention.h"
#include "showo/vision/clip_folder.h"

namespace showo {
namespace {

const fs::path kTokenizer = SHOWO_SOURCE_DIR "/configs/embedded/llm";

class Seeing : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-sight-" + std::to_string(::getpid()));
    make_folder(folder_ / "clip");
    tokenizer_ = Tokenizer::from_folder(kTokenizer);
    codec_ = Magvit(CodecConfig{32, {1, 1, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 6});
    initialise_codec(codec_, 1);
    ClipConfig clip;
    clip.vision_config.hidden_size = 48;
    clip.vision_config.intermediate_size = 96;
    clip.vision_config.num_hidden_layers = clip.vision_config.num_attention_heads = 3;
    clip.vision_config.image_size = 24;
    clip.vision_config.patch_size = 8;
    clip.text_config.hidden_size = 32;
    clip.text_config.intermediate_size = 64;
    clip.text_config.num_hidden_layers = clip.text_config.num_attention_heads = 2;
    clip.text_config.vocab_size = 100;
    clip.text_config.eos_token_id = 1;
    Clip towers(clip);
    initialise_clip(towers, 2);
    write_clip(folder_ / "clip", towers);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Showo model(const std::string& vision, int64_t width, const std::string& features = "latent",
              int64_t positions = 2048) const {
    LlmConfig llm;
    llm.hidden_size = 32;
    llm.intermediate_size = 64;
    llm.num_hidden_layers = llm.num_attention_heads = 2;
    llm.vocab_size = tokenizer_->size();
    llm.max_position_embeddings = positions;
    llm.bos_token_id = llm.eos_token_id = *tokenizer_->eos();
    ShowoConfig config;
    config.vision = vision;
    config.magvit_features = features;
    config.feature_width = width;
    config.llm_vocab_size = tokenizer_->size();
    config.codebook_size = codec_->config.codebook_size();
    config.vocab_size = Vocabulary::after(tokenizer_->size(), config.codebook_size, 0, 0).size;
    config.num_vq_tokens = 16;
    Showo showo(config, llm);
    initialise_showo(showo, 3);
    return showo;
  }
  Sight sight(const Showo& showo, const fs::path& clip) const {
    return {showo, codec_, tokenizer_, clip, torch::kFloat};
  }
  std::string complaint(const Showo& showo, const fs::path& clip) const {
    try {
      sight(showo, clip);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  static Image picture() {
    Image image(40, 30);
    for (size_t i = 0; i < image.rgb.size(); ++i)
      image.rgb[i] = static_cast<uint8_t>(derive_seed(7, i));
    return image;
  }

  fs::path folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Magvit codec_{nullptr};
};

TEST_F(Seeing, FeaturesStandWhereThePictureIsAndCachesChangeNothing) {
  torch::NoGradGuard no_grad;
  for (auto& [showo, count] : std::vector<std::pair<Showo, int64_t>>{
           {model("magvit", 6), 16}, {model("magvit", 64, "map"), 16}, {model("clip", 48), 9}}) {
    Sight eyes = sight(showo, folder_ / "clip");
    const Seen seen = eyes.see({picture()})[0];
    ASSERT_EQ(seen.features.sizes(), (at::IntArrayRef{count, showo->config.feature_width}));
    ASSERT_EQ(seen.row.picture().kind, SegmentKind::kFeatures);
    ASSERT_EQ(seen.row.picture().length, count);
    const auto question = eyes.question("what is it?");
    EXPECT_EQ(tokenizer_->decode(question), "USER: what is it? ASSISTANT:");
    Context together{seen.row, showo->new_cache()}, behind{seen.row, showo->new_cache()};
    together.row.append_text(question);
    read(showo, {&behind}, seen.features);
    behind.row.append_text(question);
    const auto want = read(showo, {&together}, seen.features);
    EXPECT_TRUE(torch::allclose(read(showo, {&behind}), want, 1e-4, 1e-5));

    // By the definition: every row sees the features, all else is causal.
    const PackedRows rows = pack({together.row});
    PackedRows dense = rows;
    dense.sequences = {
        {together.row.length(), {}, nullptr, {}, allowed_attention(together.row.segments)}};
    const auto hidden = showo->hidden(dense, seen.features);
    EXPECT_TRUE(torch::allclose(showo->logits(hidden[-1]), want[0], 1e-4, 1e-5));
    // The features matter.
    EXPECT_FALSE(torch::allclose(showo->logits(showo->hidden(dense, -seen.features)[-1]), want[0],
                                 1e-4, 1e-5));
  }
}

TEST_F(Seeing, SeveralPicturesKeepTheirFeatures) {
  torch::NoGradGuard no_grad;
  for (Showo& showo : std::vector<Showo>{model("magvit", 6), model("clip", 48)}) {
    Sight eyes = sight(showo, folder_ / "clip");
    Image other = picture();
    for (auto& value : other.rgb) value = static_cast<uint8_t>(255 - value);
    const auto apart = eyes.see({picture(), other});
    const Seen both = eyes.together(apart);
    EXPECT_TRUE(torch::equal(both.features, torch::cat({apart[0].features, apart[1].features})));
    // A picture that was read before the next comes leaves that one's features to it.
    Context together{both.row, showo->new_cache()}, behind{apart[0].row, showo->new_cache()};
    const auto question = eyes.question("what differs?");
    together.row.append_text(question);
    read(showo, {&behind}, apart[0].features);
    behind.row = together.row;
    const auto want = read(showo, {&together}, both.features);
    EXPECT_TRUE(torch::allclose(read(showo, {&behind}, both.features), want, 1e-4, 1e-5));
    const PackedRows rows = pack({together.row});
    PackedRows dense = rows;
    dense.sequences = {
        {together.row.length(), {}, nullptr, {}, allowed_attention(together.row.segments)}};
    EXPECT_TRUE(torch::allclose(showo->logits(showo->hidden(dense, both.features)[-1]), want[0],
                                1e-4, 1e-5));
    const auto turned = torch::cat({apart[1].features, apart[0].features});
    EXPECT_FALSE(
        torch::allclose(showo->logits(showo->hidden(dense, turned)[-1]), want[0], 1e-4, 1e-5));
  }
}

TEST_F(Seeing, CodesAreThoseOfTheTokenizer) {
  torch::NoGradGuard no_grad;
  Showo showo = model("discrete", 0);
  Sight eyes = sight(showo, {});
  const Seen seen = eyes.see({picture(), picture()})[1];
  EXPECT_FALSE(seen.features.defined());
  EXPECT_EQ(seen.row.picture().length, 18);
  for (int64_t i = 0; i < 16; ++i)
    EXPECT_TRUE(showo->vocabulary.is_image(seen.row.ids[seen.row.picture().begin + 1 + i]));
}

TEST_F(Seeing, TowersThatDoNotFitAreNamed) {
  const auto said = [&](const Showo& showo, const fs::path& clip) {
    return complaint(showo, clip);
  };
  EXPECT_EQ(said(model("clip", 48), folder_ / "clip"), "");
  EXPECT_NE(said(model("clip", 48), folder_ / "none").find("none: not found"), std::string::npos);
  const std::string width = said(model("clip", 64), folder_ / "clip");
  EXPECT_NE(width.find("clip/config.json: hidden_size is 48"), std::string::npos) << width;
  EXPECT_NE(width.find("takes 64"), std::string::npos) << width;
  const std::string room = said(model("clip", 48, "latent", 12), folder_ / "clip");
  EXPECT_NE(room.find("9 features"), std::string::npos) << room;
  EXPECT_NE(room.find("max_position_embeddings 12"), std::string::npos) << room;
  const std::string channels = said(model("magvit", 13), {});
  EXPECT_NE(channels.find("have 6 channels"), std::string::npos) << channels;
}

}  // namespace
}  // namespace showo
