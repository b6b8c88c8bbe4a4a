// Every kind of row against the sequences of the paper, on a vocabulary small enough to read: text
// ids below 300, [PAD] 300, <|soi|> 301, <|eoi|> 302, <|t2i|> 305, <|mmu|> 306, image codes from
// 310.
#include "showo/prompt/prompting.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"

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
  EXPECT_EQ(row.segments, (Segments{{SegmentKind::kPads, 0, 1, 0},
                                    {SegmentKind::kText, 1, 5, 1},
                                    {SegmentKind::kCodes, 6, 6, 6}}));
  EXPECT_EQ(row.picture().begin, kPrompting.soi_position());
  EXPECT_EQ(row.length(), 12);
}

TEST(TextToImage, WithoutATextIsTheUnconditionalPrompt) {
  const Row row = kPrompting.text_to_image({}, kImage);
  EXPECT_EQ(row.ids,
            (IdList{kPad, kPad, kPad, kT2iTask, kBos, kEos, kSoi, 310, kMask, 312, 313, kEoi}));
  EXPECT_EQ(row.segments[0].length, 3);
  EXPECT_EQ(row.picture().begin, kPrompting.soi_position());
}

TEST(TextToImage, CutsALongTextAndEndsItWithEot) {
  const IdList fits = {1, 2, 3}, too_long = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(kPrompting.text_to_image(fits, {}).ids,
            (IdList{kT2iTask, kBos, 1, 2, 3, kEos, kSoi, kEoi}));
  const Row row = kPrompting.text_to_image(too_long, {});
  EXPECT_EQ(row.ids, (IdList{kT2iTask, kBos, 1, 2, 3, kEos, kSoi, kEoi}));
  EXPECT_EQ(row.segments[0].kind, SegmentKind::kText);
}

TEST(Understanding, SupervisesTheTextAndPadsOnTheRight) {
  const Row row = kPrompting.understanding(kPrompting.codes(IdList{310, 311}), IdList{7, 8});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, 311, kEoi, kBos, 7, 8, kEos, kPad}));
  EXPECT_EQ(row.labels,
            (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kBos, 7, 8, kEos, kIgnore}));
  EXPECT_EQ(row.segments, (Segments{{SegmentKind::kText, 0, 1, 0},
                                    {SegmentKind::kCodes, 1, 4, 1, /*open=*/true},
                                    {SegmentKind::kText, 5, 4, 5},
                                    {SegmentKind::kPads, 9, 1, 9}}));
}

TEST(Understanding, OfSeveralPicturesHasThemOneAfterAnother) {
  const Row first = kPrompting.codes(IdList{310, 311}), second = kPrompting.codes(IdList{312, 313});
  const Row both = kPrompting.together({first, second});
  EXPECT_EQ(both.task, Task::kMmu);
  EXPECT_EQ(both.ids, (IdList{kMmuTask, kSoi, 310, 311, kEoi, kSoi, 312, 313, kEoi}));
  EXPECT_EQ(both.segments, (Segments{{SegmentKind::kText, 0, 1, 0},
                                     {SegmentKind::kCodes, 1, 4, 1, /*open=*/true},
                                     {SegmentKind::kCodes, 5, 4, 5}}));
  const Row row = kPrompting.understanding(both, IdList{7});
  EXPECT_EQ(row.labels, (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore,
                                kIgnore, kIgnore, kBos, 7, kEos, kIgnore, kIgnore}));
  EXPECT_EQ(kPrompting.together({first}).ids, first.ids);
  EXPECT_EQ(kPrompting.together({first}).segments, first.segments);
}

TEST(Understanding, OfSeveralPicturesAsFeaturesHasOneSystemPrompt) {
  const Row one = kPrompting.features(2, IdList{9});
  const Row both = kPrompting.together({one, kPrompting.features(2, IdList{9})});
  EXPECT_EQ(both.ids, (IdList{kMmuTask, 9, kSoi, kPad, kPad, kEoi, kSoi, kPad, kPad, kEoi}));
  EXPECT_EQ(both.segments, (Segments{{SegmentKind::kText, 0, 3, 0},
                                     {SegmentKind::kFeatures, 3, 2, 3, /*open=*/true},
                                     {SegmentKind::kText, 5, 2, 5},
                                     {SegmentKind::kFeatures, 7, 2, 7},
                                     {SegmentKind::kText, 9, 1, 9}}));
  EXPECT_EQ(kPrompting.question(both, IdList{7}).ids.back(), 7);
}

TEST(Understanding, CutsALongCaptionAndEndsItWithEot) {
  const Row row = kPrompting.understanding(kPrompting.codes(IdList{310}), IdList{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 1, 2, 3, kEos}));
}

TEST(Understanding, SupervisesAnswersAndTheirEotButNoQuestion) {
  const std::vector<TurnIds> turns = {{{11, 12}, {21}}, {{13}, {22, 23}}};
  const Row row = kPrompting.understanding(kPrompting.codes(IdList{310}), turns, 64);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 11, 12, 21, kEos, 13, 22, 23, kEos}));
  EXPECT_EQ(row.labels, (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, 21,
                                kEos, kIgnore, 22, 23, kEos}));
  EXPECT_EQ(row.length(), 13);
}

TEST(Understanding, DropsTheTurnThatDoesNotFitWhole) {
  const std::vector<TurnIds> turns = {{{11, 12}, {21}}, {{13}, {22, 23}}};
  EXPECT_EQ(kPrompting.understanding(kPrompting.codes(IdList{310}), turns, 13).ids.size(), 13u);
  const Row row = kPrompting.understanding(kPrompting.codes(IdList{310}), turns, 12);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 11, 12, 21, kEos}));
}

TEST(Question, EndsWhereTheAnswerBegins) {
  const Row row = kPrompting.question(kPrompting.codes(IdList{310, 311}), IdList{7, 8});
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, 311, kEoi, kBos, 7, 8}));
  EXPECT_EQ(row.labels, IdList(8, kIgnore));
  EXPECT_EQ(row.length(), 8);
}

// An answer is generated after the same tokens that it was trained after.
TEST(Question, IsTheBeginningOfItsTrainingRow) {
  const Row asked = kPrompting.question(kPrompting.codes(IdList{310, 311}), IdList{7, 8});
  const Row trained =
      kPrompting.understanding(kPrompting.codes(IdList{310, 311}), {{{7, 8}, {9}}}, 64);
  EXPECT_TRUE(std::equal(asked.ids.begin(), asked.ids.end(), trained.ids.begin()));
}

TEST(Language, PadsAShortTextAndCutsALongOneWithoutEot) {
  const Row row = kPrompting.language(IdList{7, 8}, 6);
  EXPECT_EQ(row.ids, (IdList{kBos, 7, 8, kEos, kPad, kPad}));
  EXPECT_EQ(row.labels, (IdList{kBos, 7, 8, kEos, kIgnore, kIgnore}));
  EXPECT_EQ(kPrompting.language(IdList{1, 2, 3, 4, 5}, 4).ids, (IdList{kBos, 1, 2, 3}));
  EXPECT_THROW(row.picture(), Error);
}

TEST(Understanding, LeavesOutAnIndependentQuestionThatDoesNotFit) {
  const std::vector<TurnIds> turns = {
      {IdList{7}, IdList{8}}, {IdList{7, 7, 7}, IdList{8}}, {IdList{9}, IdList{10}}};
  const Row row = kPrompting.independent_questions(kPrompting.codes(IdList{310}), turns, 12);
  EXPECT_EQ(row.ids, (IdList{kMmuTask, kSoi, 310, kEoi, kBos, 7, 8, kEos, kBos, 9, 10, kEos}));
  EXPECT_EQ(row.labels, (IdList{kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, kIgnore, 8, kEos,
                                kIgnore, kIgnore, 10, kEos}));
  ASSERT_EQ(row.segments.size(), 4u);
  EXPECT_EQ(row.segments[2].begin, 4);
  EXPECT_EQ(row.segments[3].begin, 8);
  EXPECT_NE(row.segments[2].group, row.segments[3].group);
}

TEST(Features, TakeThePlacesOfAPictureAndTheirTextHasNoSot) {
  const Row picture = kPrompting.features(3, IdList{7, 8});
  EXPECT_EQ(picture.ids, (IdList{kMmuTask, 7, 8, kSoi, kPad, kPad, kPad, kEoi}));
  EXPECT_EQ(picture.segments, (Segments{{SegmentKind::kText, 0, 4, 0},
                                        {SegmentKind::kFeatures, 4, 3, 4, /*open=*/true},
                                        {SegmentKind::kText, 7, 1, 7}}));
  EXPECT_EQ(kPrompting.question(picture, IdList{9}).ids,
            (IdList{kMmuTask, 7, 8, kSoi, kPad, kPad, kPad, kEoi, 9}));
  const std::vector<TurnIds> turns = {{{11, 12}, {21}}};
  const Row trained = kPrompting.understanding(picture, turns, 64);
  EXPECT_EQ(trained.ids, (IdList{kMmuTask, 7, 8, kSoi, kPad, kPad, kPad, kEoi, 11, 12, 21, kEos}));
  EXPECT_EQ(targets_of(trained).states, (IdList{9, 10}));
  EXPECT_EQ(targets_of(trained).ids, (IdList{21, kEos}));
}

TEST(WithoutPads, KeepsTheOtherTokensWithTheirPositions) {
  const Row drawing = kPrompting.text_to_image(IdList{7}, kImage, kImageLabels),
            text = kPrompting.language(IdList{7, 8}, 9);
  const Row bare = without_pads(drawing);
  EXPECT_EQ(bare.ids, IdList(drawing.ids.begin() + 2, drawing.ids.end()));
  EXPECT_EQ(bare.labels, IdList(drawing.labels.begin() + 2, drawing.labels.end()));
  EXPECT_EQ(bare.picture().begin, drawing.picture().begin - 2);
  EXPECT_EQ(bare.picture().position, drawing.picture().position);
  EXPECT_EQ(positions_of(bare.segments).front(), 2);
  EXPECT_EQ(without_pads(text).ids, (IdList{kBos, 7, 8, kEos}));
  EXPECT_EQ(without_pads(text).length(), 4);
}

// Drawing predicts a picture's tokens where they stand, text is predicted one token ahead.
TEST(Targets, AreWhatEachTaskCounts) {
  const Targets drawing = targets_of(kPrompting.text_to_image(IdList{7, 8}, kImage, kImageLabels));
  EXPECT_EQ(drawing.states, (IdList{6, 8, 11}));
  EXPECT_EQ(drawing.ids, (IdList{kSoi, 311, kEoi}));
  const Targets text = targets_of(kPrompting.language(IdList{7, 8}, 6));
  EXPECT_EQ(text.states, (IdList{0, 1, 2}));
  EXPECT_EQ(text.ids, (IdList{7, 8, kEos}));
  const Targets caption =
      targets_of(kPrompting.understanding(kPrompting.codes(IdList{310}), IdList{7}));
  EXPECT_EQ(caption.states, (IdList{3, 4, 5}));
  EXPECT_EQ(caption.ids, (IdList{kBos, 7, kEos}));
  EXPECT_TRUE(targets_of(kPrompting.text_to_image(IdList{7}, kImage)).ids.empty());
}

}  // namespace
}  // namespace showo
