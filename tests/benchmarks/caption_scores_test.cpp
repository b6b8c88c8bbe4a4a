// CIDEr-D, BLEU and ROUGE-L as pycocoevalcap has them, where its formulas differ from the papers'.
#include "showo/benchmarks/caption_scores.h"

#include <gtest/gtest.h>

#include <cmath>

#include "showo/benchmarks/python_text.h"

namespace showo {
namespace {

CaptionedImage image(const std::string& prediction, const std::vector<std::string>& references) {
  CaptionedImage image{python::split(prediction, " "), {}};
  for (const std::string& reference : references)
    image.references.push_back(python::split(reference, " "));
  return image;
}

TEST(CaptionScores, OneImageHasNoRareWords) {
  const auto report = score_captions({image("a cat", {"a cat"})});
  EXPECT_EQ(report.all.cider, 0);
  EXPECT_NEAR(report.all.bleu[0], 1, 1e-8);
  EXPECT_EQ(report.all.rouge_l, 1);
}

TEST(CaptionScores, CopiesGetTheWholeCider) {
  const auto report = score_captions({image("a b c d e", {"a b c d e"}), image("f", {"g h i j"})});
  EXPECT_NEAR(report.images[0].cider, 10, 1e-12);
  EXPECT_EQ(report.images[1].cider, 0);
  EXPECT_NEAR(report.all.cider, 5, 1e-12);
}

TEST(CaptionScores, CiderPenalisesADifferenceInLength) {
  const auto report = score_captions({image("a b", {"a"}), image("c", {"d"})});
  // Unigrams alone: ln 2 of a on both sides, ‖prediction‖ = √2 ln 2; penalty of one word.
  EXPECT_NEAR(report.images[0].cider, 10.0 / 4 / std::sqrt(2) * std::exp(-1.0 / 72), 1e-12);
}

TEST(CaptionScores, BleuTakesTheClosestReferenceTheShorterOfTwo) {
  const auto report = score_captions({image("a b c", {"a b c d", "a b", "a b c d e f"})});
  EXPECT_NEAR(report.all.bleu[0], 1, 1e-8);  // against two words nothing is too short
  const auto brief = score_captions({image("a b c", {"a b c d e f g", "a b c d e"})});
  EXPECT_NEAR(brief.all.bleu[0], std::exp(1 - 5.0 / 3), 1e-8);
}

TEST(CaptionScores, RougeMixesReferences) {
  const auto report = score_captions({image("a b", {"a b c d", "a"})});
  EXPECT_EQ(report.all.rouge_l, 1);  // precision of the first, recall of the second
}

TEST(CaptionScores, CaptionsWithoutTokens) {
  CaptionedImage empty{{}, {{}, {"a"}}};
  auto report = score_captions({empty, image("x", {"y"})});
  EXPECT_EQ(report.images[0].rouge_l, 1);  // an empty token equals an empty token
  EXPECT_EQ(report.images[0].cider, 0);
  EXPECT_LT(report.images[0].bleu[3], 1e-5);
  empty.references = {{"a"}};
  EXPECT_EQ(score_captions({empty}).all.rouge_l, 0);
}

TEST(CaptionScores, ASpaceWithinATokenSplitsItForSome) {
  const CaptionedImage fraction{{"2\u00A01/2"}, {{"2", "1/2"}}};
  const auto report = score_captions({fraction});
  EXPECT_NEAR(report.all.bleu[1], 1, 1e-8);
  EXPECT_EQ(report.all.rouge_l, 0);
}

}  // namespace
}  // namespace showo
