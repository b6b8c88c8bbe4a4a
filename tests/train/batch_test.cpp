#include "showo/train/batch.h"

#include <gtest/gtest.h>

#include "showo/codec/initialise.h"
#include "showo/image/preprocess.h"

namespace showo {
namespace {

TEST(DrawMask, MasksTheShareOfTheTokensAndAtLeastOne) {
  for (const double share : {0.0, 0.001, 0.3, 0.5, 1.0}) {
    auto random = make_generator(7);
    const auto masked = draw_mask(8, share, false, random);
    EXPECT_EQ(masked.sum().item<int64_t>(), std::max<int64_t>(1, std::llround(64 * share)))
        << share;
  }
}

TEST(DrawMask, DrawsOtherTokensWithAnotherSeed) {
  auto a = make_generator(1), b = make_generator(2), again = make_generator(1);
  const auto first = draw_mask(8, 0.5, false, a);
  EXPECT_FALSE(torch::equal(first, draw_mask(8, 0.5, false, b)));
  EXPECT_TRUE(torch::equal(first, draw_mask(8, 0.5, false, again)));
}

TEST(DrawMask, ARegionIsOneRectangleOfAboutTheShare) {
  auto random = make_generator(3);
  for (int i = 0; i < 200; ++i) {
    const double share = torch::rand({}, random).item<double>();
    const auto masked = draw_mask(16, share, true, random).view({16, 16});
    const int64_t rows = masked.any(1).sum().item<int64_t>(),
                  columns = masked.any(0).sum().item<int64_t>(),
                  count = masked.sum().item<int64_t>(),
                  wanted = std::max<int64_t>(1, std::llround(256 * share));
    EXPECT_EQ(count, rows * columns) << "not a full rectangle";
    const auto used = masked.any(1).to(torch::kLong);
    EXPECT_EQ((used.slice(0, 1) - used.slice(0, 0, -1)).abs().sum().item<int64_t>(),
              2 - used[0].item<int64_t>() - used[15].item<int64_t>())
        << "rows apart";
    EXPECT_GE(count, wanted);
    EXPECT_LT(count, wanted + rows) << "no more than the last column's rest";
  }
}

// Training learns the codes that drawing and answering will use: those of the tokenizer as it is.
TEST(Batches, HoldTheCodesOfTheirTokenizerInItsOwnPrecision) {
  Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 13});
  initialise_codec(codec, 1);
  std::vector<Sample> samples(4);
  std::vector<Tensor> pictures;
  for (size_t s = 0; s < samples.size(); ++s) {
    Image image(32, 32);
    for (size_t i = 0; i < image.rgb.size(); ++i)
      image.rgb[i] = static_cast<uint8_t>(derive_seed(s, i));
    pictures.push_back(preprocess_showo(image, 32));
    samples[s].picture = std::move(image);
  }
  torch::NoGradGuard no_grad;
  const auto expected = codec->encode(torch::stack(pictures));
  BatchOptions options;
  options.image_size = 32;
  LlmConfig llm;
  llm.hidden_size = 8;
  llm.num_hidden_layers = llm.num_attention_heads = 1;
  ShowoConfig config;
  config.llm_vocab_size = 100;
  config.codebook_size = codec->config.codebook_size();
  config.vocab_size = Vocabulary::after(100, config.codebook_size, 0, 0).size;
  const Showo model(config, llm);
  const Prompting prompting(model->vocabulary, 16);
  BatchMaker maker(options, prompting, nullptr, codec,
                   Sight(model, codec, nullptr, {}, torch::kFloat));
  EXPECT_TRUE(torch::equal(maker.codes_of(samples), expected));
  codec->to(torch::kBFloat16);
  const auto rough = codec->encode(torch::stack(pictures));
  EXPECT_FALSE(torch::equal(rough, expected)) << "the test can tell precisions apart";
  EXPECT_TRUE(torch::equal(maker.codes_of(samples), rough));
}

}  // namespace
}  // namespace showo
