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

Image noise(uint64_t seed) {
  Image image(32, 32);
  for (size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<uint8_t>(derive_seed(seed, i));
  return image;
}

// A codec and a model of the smallest size, with the embedded model's texts.
struct Tiny {
  Tiny() : codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 13}) {
    initialise_codec(codec, 1);
    llm.hidden_size = 8;
    llm.num_hidden_layers = llm.num_attention_heads = 1;
    config.llm_vocab_size = 1024;
    config.codebook_size = codec->config.codebook_size();
    vocabulary = Vocabulary::after(1024, config.codebook_size, 1023, 1023);
    config.vocab_size = vocabulary.size;
  }
  BatchMaker maker(const BatchOptions& options) const {
    const Showo model(config, llm);
    return BatchMaker(options, Prompting(vocabulary, 16), tokenizer, codec,
                      Sight(model, codec, tokenizer, {}, torch::kFloat));
  }
  Magvit codec;
  LlmConfig llm;
  ShowoConfig config;
  std::shared_ptr<const Tokenizer> tokenizer =
      Tokenizer::from_folder(SHOWO_SOURCE_DIR "/configs/embedded/llm");
  Vocabulary vocabulary;
};

int64_t count_of(const Tensor& ids, int64_t id) { return ids.eq(id).sum().item<int64_t>(); }

class StoryBatch : public testing::Test {
 protected:
  StoryBatch() {
    options.image_size = 32;
    options.stories = 2;
    options.drop_text = options.drop_first = 0;
    for (const int frames : {2, 3}) {
      Sample& story = samples.emplace_back();
      for (int f = 0; f < frames; ++f)
        story.frames.push_back({"the apple leaves", "", "", noise(frames * 10 + f)});
    }
  }
  PackedRows rows(const std::vector<uint64_t>& seeds) {
    return tiny.maker(options).stories(samples, seeds).rows;
  }
  const TaskTargets& of(const PackedRows& rows, Task task) const {
    return rows.targets[static_cast<size_t>(task)];
  }
  Tiny tiny;
  BatchOptions options;
  std::vector<Sample> samples;
};

TEST_F(StoryBatch, LearnsEveryPicturesMaskedCodesAndEveryText) {
  const auto packed = rows({1, 2});
  EXPECT_EQ(packed.sequences.size(), 2u);
  const Tensor pictures = of(packed, Task::kT2i).ids, texts = of(packed, Task::kLm).ids;
  const int64_t masked = count_of(packed.ids_T, tiny.vocabulary.mask_token);
  EXPECT_GE(masked, 5);
  EXPECT_EQ(pictures.numel(), masked);
  EXPECT_TRUE(packed.ids_T.index_select(0, of(packed, Task::kT2i).states)
                  .eq(tiny.vocabulary.mask_token)
                  .all()
                  .item<bool>());
  const int64_t words = std::ssize(tiny.tokenizer->encode("the apple leaves"));
  EXPECT_EQ(texts.numel(), 5 * (words + 1) + 2)
      << "five texts with their ends, two ends of stories";
  EXPECT_EQ(count_of(packed.ids_T, tiny.vocabulary.soi), 10) << "every picture twice";
  EXPECT_EQ(of(packed, Task::kMmu).ids.numel(), 0);
}

TEST_F(StoryBatch, IsTheSameForTheSameSeedWhateverStandsBesideIt) {
  const auto first = rows({1, 2}), other = rows({3, 2});
  EXPECT_TRUE(torch::equal(first.ids_T, rows({1, 2}).ids_T));
  const int64_t begin = first.sequences[0].tokens;
  EXPECT_EQ(other.sequences[0].tokens, begin);
  EXPECT_FALSE(torch::equal(first.ids_T.slice(0, 0, begin), other.ids_T.slice(0, 0, begin)));
  EXPECT_TRUE(torch::equal(first.ids_T.slice(0, begin), other.ids_T.slice(0, begin)));
}

TEST_F(StoryBatch, LeavesTextsOutWithoutLearningThatTheyAreEmpty) {
  options.drop_first = 1;
  const int64_t words = std::ssize(tiny.tokenizer->encode("the apple leaves"));
  EXPECT_EQ(of(rows({1, 2}), Task::kLm).ids.numel(), 3 * (words + 1) + 2);
  options.drop_text = 1;
  EXPECT_EQ(of(rows({1, 2}), Task::kLm).ids.numel(), 2) << "only the ends of stories";
}

TEST_F(StoryBatch, NamesAStoryOfWhichNothingFits) {
  options.story_length = 20;
  samples[1].key = "long";
  try {
    rows({1, 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("batch.story_length 20"), std::string::npos);
  }
}

// A row of two pictures beside one of one picture, as they are when they are asked about.
TEST(Batches, HoldAllPicturesThatASampleIsAbout) {
  Tiny tiny;
  BatchOptions options;
  options.image_size = 32;
  Sample one, two;
  one.picture = noise(1);
  one.turns = {{"what is it?", "a dog"}};
  two.picture = noise(2);
  two.others = {{"", "", "", noise(1)}};
  two.turns = {{"what differs?", "all"}};
  BatchMaker maker = tiny.maker(options);
  const auto packed = maker.understanding({two, one}).rows;
  ASSERT_EQ(packed.sequences.size(), 2u);
  EXPECT_EQ(count_of(packed.ids_T, tiny.vocabulary.soi), 3);
  const int64_t side = 32 / tiny.codec->config.stride(), count = side * side;
  const auto codes_from = [&](int64_t begin) {  // of a picture whose <|soi|> stands there
    return packed.ids_T.slice(0, begin + 1, begin + 1 + count);
  };
  const int64_t alone = packed.sequences[0].tokens + 1, second = 1 + count + 2;
  EXPECT_TRUE(torch::equal(codes_from(alone), codes_from(second)))
      << "the same picture, alone and as the second of two";
  EXPECT_FALSE(torch::equal(codes_from(1), codes_from(second)));
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
