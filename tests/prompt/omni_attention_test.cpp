// Who sees whom, drawn: a row of the picture is a token, '#' is what it sees.
#include "showo/prompt/omni_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "showo/prompt/prompting.h"

namespace showo {
namespace {

const Prompting kPrompting(Vocabulary::after(300, 64, 298, 299), /*text_tokens=*/4);
const Prompting kCausal(Vocabulary::after(300, 64, 298, 299), /*text_tokens=*/4,
                        Attention::kCausal);
using IdList = std::vector<int64_t>;

std::string drawn(const at::Tensor& allowed) {
  std::string picture = "\n";
  for (int64_t row = 0; row < allowed.size(0); ++row) {
    for (int64_t column = 0; column < allowed.size(1); ++column) {
      picture += allowed[row][column].item<bool>() ? '#' : '.';
    }
    picture += '\n';
  }
  return picture;
}

TEST(OmniAttention, LetsAPictureSeeItselfWholeAndNothingSeeAPad) {
  // pad, t2i, SOT, word, EOT, soi, two codes, eoi
  const Row row = kPrompting.text_to_image(IdList{7}, IdList{310, 311});
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#........
.#.......
.##......
.###.....
.####....
.########
.########
.########
.########
)");
}

TEST(OmniAttention, ShowsThePictureToEveryTokenOfUnderstanding) {
  // mmu, soi, code, eoi, SOT, question
  const Row row = kPrompting.question(kPrompting.codes(IdList{310}), IdList{7});
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
####..
####..
####..
####..
#####.
######
)");
}

TEST(OmniAttention, IsCausalInTextAlone) {
  const Row row = kPrompting.language(IdList{7, 8}, 4);
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#...
##..
###.
####
)");
}

TEST(OmniAttention, IsCausalInThePadsOfAShorterRow) {
  // mmu, soi, code, eoi, SOT, EOT, two pads
  const Row row = kPrompting.understanding(kPrompting.codes(IdList{310}), {});
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
####....
####....
####....
####....
#####...
######..
#######.
########
)");
}

TEST(OmniAttention, HidesIndependentQuestionsFromEachOther) {
  // mmu, soi, code, eoi, then twice SOT, question, answer, EOT
  const std::vector<TurnIds> turns = {{IdList{7}, IdList{8}}, {IdList{9}, IdList{10}}};
  const Row row = kPrompting.independent_questions(kPrompting.codes(IdList{310}), turns, 100);
  ASSERT_EQ(row.length(), 12);
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
####........
####........
####........
####........
#####.......
######......
#######.....
########....
####....#...
####....##..
####....###.
####....####
)");
  EXPECT_EQ(positions_of(row.segments), (IdList{0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7}));
}

TEST(OmniAttention, ShowsFeaturesToEveryTokenAndKeepsTheOthersCausal) {
  // mmu, two of the system prompt, soi, two features, eoi, question
  const Row row = kPrompting.question(kPrompting.features(2, IdList{8, 9}), IdList{7});
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#...##..
##..##..
###.##..
######..
######..
######..
#######.
########
)");
}

// Without anything to see a row's softmax has no value, and one such row spoils every gradient.
TEST(OmniAttention, LeavesNoRowBlind) {
  for (const auto& text : {IdList{}, IdList{7}, IdList{1, 2, 3, 4, 5, 6}}) {
    const Row row = kPrompting.text_to_image(text, IdList{310, 311});
    EXPECT_TRUE(allowed_attention(row.segments).any(1).all().item<bool>());
  }
}

// What a plan computes, as a matrix.
at::Tensor of_plan(const AttentionPlan& plan, int64_t length, int64_t cached) {
  auto allowed = at::zeros({length - cached, length}, at::kBool);
  for (const Piece& piece : plan) {
    auto rows = allowed.narrow(0, piece.queries.begin, piece.queries.length());
    for (const Span& span : piece.seen) rows.narrow(1, span.begin, span.length()).fill_(true);
    if (piece.causal) {
      rows.narrow(1, cached + piece.queries.begin, piece.queries.length())
          .copy_(at::ones({piece.queries.length(), piece.queries.length()}, at::kBool).tril());
    }
  }
  return allowed;
}

TEST(CausalAttention, LetsAPictureSeeWhatStandsBeforeItsTokensAlone) {
  // pad, t2i, SOT, word, EOT, soi, two codes, eoi
  const Row row = kCausal.text_to_image(IdList{7}, IdList{310, 311});
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#........
.#.......
.##......
.###.....
.####....
.#####...
.######..
.#######.
.########
)");
}

TEST(CausalAttention, ShowsAPictureToNothingBeforeIt) {
  for (const Row& picture : {kCausal.codes(IdList{310, 311}), kCausal.features(3, IdList{8, 9})}) {
    const Row row = kCausal.question(picture, IdList{7});
    const auto allowed = allowed_attention(row.segments);
    EXPECT_TRUE(allowed.equal(at::ones_like(allowed).tril())) << drawn(allowed);
  }
}

TEST(CausalAttention, KeepsAStorysHiddenPicturesApart) {
  const Row row = kCausal.story({{IdList{7}, IdList{310}, IdList{374}}}, 100);
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#...........
##..........
###.........
####........
#####.......
######......
#######.....
####...#....
####...##...
####...###..
####...####.
####...#####
)");
}

TEST(AttentionPlan, IsTheAllowedMatrixWhateverIsCached) {
  const std::vector<TurnIds> turns = {{IdList{7}, IdList{8}}, {IdList{9, 9, 9}, IdList{10}}};
  const Row picture = kPrompting.codes(IdList{310, 311});
  for (const Row& row :
       {kPrompting.text_to_image(IdList{7}, IdList{310, 311}),
        kPrompting.text_to_image({}, IdList{310}), kPrompting.question(picture, IdList{7, 8}),
        kPrompting.understanding(picture, IdList{7}), kPrompting.understanding(picture, turns, 100),
        kPrompting.independent_questions(picture, turns, 100),
        kPrompting.question(kPrompting.features(3, IdList{8, 9}), IdList{7}),
        kPrompting.features(3, {}), kPrompting.language(IdList{7, 8}, 7),
        kPrompting.story({{IdList{7}, IdList{310, 311}, IdList{310, 374}},
                          {IdList{}, IdList{312}, IdList{374}, false}},
                         100),
        kCausal.text_to_image(IdList{7}, IdList{310, 311}),
        kCausal.independent_questions(kCausal.codes(IdList{310, 311}), turns, 100),
        kCausal.question(kCausal.features(3, IdList{8, 9}), IdList{7}),
        kCausal.story({{IdList{7}, IdList{310, 311}, IdList{310, 374}}}, 100)}) {
    const auto allowed = allowed_attention(row.segments);
    for (int64_t cached = 0; cached < row.length(); ++cached) {
      bool within_block = false;
      for (const Segment& s : row.segments)
        within_block |= s.block() && cached > s.begin && cached < s.end();
      if (within_block) continue;
      const auto plan = attention_plan(row.segments, cached);
      EXPECT_EQ(drawn(of_plan(plan, row.length(), cached)),
                drawn(allowed.narrow(0, cached, row.length() - cached)))
          << cached;
      EXPECT_EQ(plan.front().queries.begin, 0);
      EXPECT_EQ(plan.back().queries.end, row.length() - cached);
    }
  }
}

TEST(AttentionPlan, IsAsShortAsItCanBe) {
  const Row picture = kPrompting.codes(IdList{310, 311});
  EXPECT_EQ(attention_plan(picture.segments), open_plan(5, 5));
  EXPECT_EQ(attention_plan(kPrompting.question(picture, IdList{7}).segments, 5), causal_plan(2, 5));
  EXPECT_EQ(attention_plan(kPrompting.question(picture, IdList{7}).segments, 6), causal_plan(1, 6));
  const Row drawing = kPrompting.text_to_image(IdList{7}, IdList{310, 311});
  EXPECT_EQ(attention_plan(drawing.segments).size(), 3u);
  EXPECT_EQ(attention_plan(without_pads(drawing).segments, 4), open_plan(4, 8));
}

}  // namespace
}  // namespace showo
