// Every kind of row against the sequences of the paper, on a vocabulary small enough to read: text
// ids below 300, [PAD] 300, <|soi|> 301, <|eoi|> 302, <|t2i|> 305, <|mmu|> 306, image codes from
// 310.
#include "showo/prompt/prompting.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
constexpr int64_t kBos = 298, kEos = 299, kPad = 300, kSoi = 301, kEoi = 302, kT2iTask = 305,
                  kMmuTask = 306, kMask = 374;
const Vocabulary kSmall = Vocabulary::after(300, 64, kBos, kEos);
const Prompting kPrompting(kSmall, /*text_tokens=*/5);
const IdList kImage = {310, kMask, 312, 313};
const IdList kImageLabels = {kIgnore, 311, kIgnore, kIgnore};

TEST(Vocabulary, HasThePublishedOrder) {
  const Vocabulary phi = Vocabulary::after(50295, 8192, 50256, 50256);
  const IdList ids = {phi.pad, phi.soi, phi.eoi, phi.sov, phi.eov,
                      phi.t2i, phi.mmu, phi.t2v, phi.v2v, phi.lvg};
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(ids[i], 50295 + i);
  EXPECT_EQ(phi.image_offset, 50305);
  EXPECT_EQ(phi.mask_token, 58497);
  EXPECT_EQ(phi.size, 58498);
  EXPECT_EQ(phi.bos, 50256);
  EXPECT_FALSE(phi.is_image(50304));
  EXPECT_TRUE(phi.is_image(50305));
  EXPECT_TRUE(phi.is_image(58496));
  EXPECT_FALSE(phi.is_image(58497));
}

TEST(TextToImage, PadsOnTheLeftSoThatSoiStandsStill) {
  const Row row = kPrompting.text_to_image(IdList{7, 8}, kImage, kImageLabels);
  EXPECT_EQ(row.ids, (IdList{kPad, kT2iTask, kBos, 7, 8, kEos, kSoi, 310, kMask, 312, 313, kEoi}));
  EXPECT_EQ(row.labels, (IdList{kIgnore, kT2iTask, kBos, 7, 8, kEos, kSoi, kIgnore, 311, kIgnore,
                                kIgnore, kEoi}));
  EXPECT_EQ(row.layout.pads, 1);
  EXPECT_EQ(row.layout.soi, kPrompting.soi_position());
  EXPECT_EQ(row.ids[row.layout.soi], kSoi);
  EXPECT_EQ(row.ids[row.layout.eoi], kEoi);
  EXPECT_EQ(row.layout.length, 12);
}

TEST(TextToImage, WithoutATextIsTheUnconditionalPrompt) {
  const Row row = kPrompting.text_to_image({}, kImage);
  EXPECT_EQ(row.ids,
            (IdList{kPad, kPad, kPad, kT2iTask, kBos, kEos, kSoi, 310, kMask, 312, 313, kEoi}));
  EXPECT_EQ(row.layout.pads, 3);
  EXPECT_EQ(row.layout.soi, kPrompting.soi_position());
}

TEST(TextToImage, CutsALongTextAndEndsItWithEot) {
  const IdList fits = {1, 2, 3}, too_long = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(kPrompting.text_to_image(fits, {}).ids,
            (IdList{kT2iTask, kBos, 1, 2, 3, kEos, kSoi, kEoi}));
  const Row row = kPrompting.text_to_image(too_long, {});
  EXPECT_EQ(row.ids, (IdList{kT2iTask, kBos, 1, 2, 3, kEos, kSoi, kEoi}));
  EXPECT_EQ(row.layout.pads, 0);
}

TEST(Understanding, SupervisesTheTextAndPadsOnTheRight) {
  const Row row = kPrompting.understanding(IdList{310, 311}, IdList{7, 8});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, 311, kEoi, kBos, 7, 8, kEos, kPad}));
  EXPECT_EQ(row.labels,
            (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kBos, 7, 8, kEos, kIgnore}));
  EXPECT_EQ(row.layout.soi, 1);
  EXPECT_EQ(row.ids[row.layout.eoi], kEoi);
}

TEST(Understanding, CutsALongCaptionAndEndsItWithEot) {
  const Row row = kPrompting.understanding(IdList{310}, IdList{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 1, 2, 3, kEos}));
}

TEST(Understanding, SupervisesAnswersAndTheirEotButNoQuestion) {
  const std::vector<TurnIds> turns = {{{11, 12}, {21}}, {{13}, {22, 23}}};
  const Row row = kPrompting.understanding(IdList{310}, turns, 64);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 11, 12, 21, kEos, 13, 22, 23, kEos}));
  EXPECT_EQ(row.labels, (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, 21,
                                kEos, kIgnore, 22, 23, kEos}));
  EXPECT_EQ(row.layout.length, 13);
}

TEST(Understanding, DropsTheTurnThatDoesNotFitWhole) {
  const std::vector<TurnIds> turns = {{{11, 12}, {21}}, {{13}, {22, 23}}};
  EXPECT_EQ(kPrompting.understanding(IdList{310}, turns, 13).ids.size(), 13u);
  const Row row = kPrompting.understanding(IdList{310}, turns, 12);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 11, 12, 21, kEos}));
}

TEST(Question, EndsWhereTheAnswerBegins) {
  const Row row = kPrompting.question(IdList{310, 311}, IdList{7, 8});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, 311, kEoi, kBos, 7, 8}));
  EXPECT_EQ(row.labels, IdList(8, kIgnore));
  EXPECT_EQ(row.layout.length, 8);
}

// An answer is generated after the same tokens that it was trained after.
TEST(Question, IsTheBeginningOfItsTrainingRow) {
  const Row asked = kPrompting.question(IdList{310, 311}, IdList{7, 8});
  const Row trained = kPrompting.understanding(IdList{310, 311}, {{{7, 8}, {9}}}, 64);
  EXPECT_TRUE(std::equal(asked.ids.begin(), asked.ids.end(), trained.ids.begin()));
}

TEST(Language, PadsAShortTextAndCutsALongOneWithoutEot) {
  const Row row = kPrompting.language(IdList{7, 8}, 6);
  EXPECT_EQ(row.ids, (IdList{kBos, 7, 8, kEos, kPad, kPad}));
  EXPECT_EQ(row.labels, (IdList{kBos, 7, 8, kEos, kIgnore, kIgnore}));
  EXPECT_EQ(kPrompting.language(IdList{1, 2, 3, 4, 5}, 4).ids, (IdList{kBos, 1, 2, 3}));
  EXPECT_EQ(row.layout.soi, -1);
}

TEST(Understanding, LeavesOutAnIndependentQuestionThatDoesNotFit) {
  const std::vector<TurnIds> turns = {
      {IdList{7}, IdList{8}}, {IdList{7, 7, 7}, IdList{8}}, {IdList{9}, IdList{10}}};
  const Row row = kPrompting.independent_questions(IdList{310}, turns, 12);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 7, 8, kEos, kBos, 9, 10, kEos}));
  EXPECT_EQ(row.labels, (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, 8, kEos,
                                kIgnore, kIgnore, 10, kEos}));
  EXPECT_EQ(row.layout.questions, (IdList{4, 8}));
}

TEST(CutPads, KeepsTheLongestPromptAndEveryPosition) {
  const Prompting prompting(Vocabulary::after(300, 64, 298, 299), 5);
  std::vector<Row> rows = {
      prompting.text_to_image(std::vector<int64_t>{7}, std::vector<int64_t>{310}),
      prompting.text_to_image({}, std::vector<int64_t>{310})};
  const auto before = rows;
  cut_pads(rows, prompting.vocabulary().pad);
  EXPECT_EQ(rows[0].layout.pads, 0);
  EXPECT_EQ(rows[1].layout.pads, 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    const RowLayout &was = before[i].layout, &is = rows[i].layout;
    EXPECT_EQ(is.position + is.soi, was.soi);
    EXPECT_EQ(is.position + is.eoi, was.eoi);
    EXPECT_EQ(is.length, was.length - is.position);
    EXPECT_TRUE(std::equal(rows[i].ids.begin(), rows[i].ids.end(),
                           before[i].ids.begin() + is.position, before[i].ids.end()));
    EXPECT_EQ(rows[i].labels.size(), rows[i].ids.size());
  }
}

TEST(CutPads, CutsTheRightOfTexts) {
  const Prompting prompting(Vocabulary::after(300, 64, 298, 299), 5);
  std::vector<Row> rows = {prompting.language(std::vector<int64_t>{7, 8}, 9)};
  cut_pads(rows, prompting.vocabulary().pad);
  EXPECT_EQ(rows[0].ids.size(), 4);
  EXPECT_EQ(rows[0].layout.length, 4);
  EXPECT_EQ(rows[0].layout.position, 0);
}

}  // namespace
}  // namespace showo
