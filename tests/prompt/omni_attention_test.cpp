// Who sees whom, drawn: a row of the picture is a token, '#' is what it sees.
#include "showo/prompt/omni_attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace showo {
namespace {

const Prompting kPrompting(Vocabulary::after(300, 64, 298, 299), /*text_tokens=*/4);
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
  EXPECT_EQ(drawn(allowed_attention(row.layout, row.layout.length)), R"(
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
  const Row row = kPrompting.question(IdList{310}, IdList{7});
  EXPECT_EQ(drawn(allowed_attention(row.layout, row.layout.length)), R"(
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
  EXPECT_EQ(drawn(allowed_attention(row.layout, 4)), R"(
#...
##..
###.
####
)");
}

TEST(OmniAttention, IsCausalBeyondTheEndOfAShorterRow) {
  const Row row = kPrompting.question(IdList{310}, {});
  ASSERT_EQ(row.layout.length, 5);
  EXPECT_EQ(drawn(allowed_attention(row.layout, 7)), R"(
####...
####...
####...
####...
#####..
######.
#######
)");
}

TEST(OmniAttention, HidesIndependentQuestionsFromEachOther) {
  // mmu, soi, code, eoi, then twice SOT, question, answer, EOT; one pad of a longer row
  const std::vector<TurnIds> turns = {{IdList{7}, IdList{8}}, {IdList{9}, IdList{10}}};
  const Row row = kPrompting.independent_questions(IdList{310}, turns, 100);
  ASSERT_EQ(row.layout.length, 12);
  EXPECT_EQ(drawn(allowed_attention(row.layout, 13)), R"(
####.........
####.........
####.........
####.........
#####........
######.......
#######......
########.....
####....#....
####....##...
####....###..
####....####.
####....#####
)");
  const auto positions = token_positions({row.layout}, 13);
  EXPECT_TRUE(
      positions.equal(at::tensor({0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 8}, at::kLong).unsqueeze(0)));
}

// Without anything to see a row's softmax has no value, and one such row spoils every gradient.
TEST(OmniAttention, LeavesNoRowBlind) {
  for (const auto& text : {IdList{}, IdList{7}, IdList{1, 2, 3, 4, 5, 6}}) {
    const Row row = kPrompting.text_to_image(text, IdList{310, 311});
    EXPECT_TRUE(allowed_attention(row.layout, row.layout.length).any(1).all().item<bool>());
  }
}

TEST(OmniAttention, KeepsEveryRowOfABatchItsOwn) {
  const Row picture = kPrompting.text_to_image(IdList{7}, IdList{310, 311});
  const Row text = kPrompting.language(IdList{7, 8}, picture.layout.length);
  const auto batch = allowed_attention({picture.layout, text.layout}, picture.layout.length);
  EXPECT_EQ(batch.sizes(), (at::IntArrayRef{2, 1, 9, 9}));
  EXPECT_EQ(batch.scalar_type(), at::kBool);
  EXPECT_EQ(drawn(batch[0][0]), drawn(allowed_attention(picture.layout, 9)));
  EXPECT_EQ(drawn(batch[1][0]), drawn(allowed_attention(text.layout, 9)));
  EXPECT_NE(drawn(batch[0][0]), drawn(batch[1][0]));
}

}  // namespace
}  // namespace showo
