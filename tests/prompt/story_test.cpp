// Rows in which texts and pictures take turns: what stands in them, who sees whom, what is learned.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "showo/prompt/omni_attention.h"
#include "showo/prompt/prompting.h"

namespace showo {
namespace {

using IdList = std::vector<int64_t>;
constexpr int64_t kBos = 298, kEos = 299, kSoi = 301, kEoi = 302, kLvg = 309, kMask = 374;
const Prompting kPrompting(Vocabulary::after(300, 64, kBos, kEos), /*text_tokens=*/8);

// Two frames of two codes; of the first picture one code is masked, of the second both are.
const std::vector<FrameIds> kFrames = {{{7}, {310, 311}, {310, kMask}},
                                       {{8}, {312, 313}, {kMask, kMask}}};

std::string drawn(const at::Tensor& allowed) {
  std::string picture = "\n";
  for (int64_t row = 0; row < allowed.size(0); ++row) {
    for (int64_t column = 0; column < allowed.size(1); ++column)
      picture += allowed[row][column].item<bool>() ? '#' : '.';
    picture += '\n';
  }
  return picture;
}

TEST(Story, IsMadeOfTextsAndPicturesByTurns) {
  Row row = kPrompting.begin_story();
  EXPECT_EQ(row.ids, IdList{kLvg});
  kPrompting.append_story_text(row, IdList{7, 8});
  kPrompting.append_story_picture(row, IdList{310, 311});
  kPrompting.append_story_text(row, {});
  EXPECT_EQ(row.ids, (IdList{kLvg, kBos, 7, 8, kEos, kSoi, 310, 311, kEoi, kBos, kEos}));
  EXPECT_EQ(row.segments, (Segments{{SegmentKind::kText, 0, 5, 0},
                                    {SegmentKind::kCodes, 5, 4, 9},  // behind a text's room of 8
                                    {SegmentKind::kText, 9, 2, 13}}));
  EXPECT_EQ(row.labels, IdList(11, kIgnore));
}

TEST(Story, InTrainingHasEveryPictureMaskedAndWholeAtTheSamePlaces) {
  const Row row = kPrompting.story(kFrames, 100);
  EXPECT_EQ(row.ids,
            (IdList{kLvg, kBos, 7,    kEos,  kSoi,  310,  kMask, kEoi, kSoi, 310,  311,  kEoi, kBos,
                    8,    kEos, kSoi, kMask, kMask, kEoi, kSoi,  312,  313,  kEoi, kBos, kEos}));
  EXPECT_EQ(positions_of(row.segments), (IdList{0,  1,  2,  3,  9,  10, 11, 12, 9,  10, 11, 12, 13,
                                                14, 15, 21, 22, 23, 24, 21, 22, 23, 24, 25, 26}));
}

TEST(Story, PicturesStandEquallyFarApartWhateverTheirTextsSay) {
  Row row = kPrompting.begin_story();
  std::vector<int64_t> begins;
  for (const IdList& text : {IdList{7}, IdList{}, IdList{7, 8, 7, 8, 7, 8}, IdList{9}}) {
    kPrompting.append_story_text(row, text);
    begins.push_back(kPrompting.story_picture_position(row));
    kPrompting.append_story_picture(row, IdList{310, 311});
    EXPECT_EQ(row.segments.back().position, begins.back());
  }
  EXPECT_EQ(begins, (IdList{9, 21, 33, 45}));
  kPrompting.append_story_text(row, IdList(20, 7));  // longer than its room
  EXPECT_EQ(kPrompting.story_picture_position(row), row.next_position());
}

// The masked pictures are seen by themselves alone; all else sees what generation will have before
// it.
TEST(Story, IsSeenInTrainingAsInGeneration) {
  const Row row = kPrompting.story(kFrames, 100);
  //  lvg SOT 7 EOT | soi 310 M eoi | soi 310 311 eoi | SOT 8 EOT | soi M M eoi | soi 312 313 eoi |
  //  SOT EOT
  EXPECT_EQ(drawn(allowed_attention(row.segments)), R"(
#........................
##.......................
###......................
####.....................
########.................
########.................
########.................
########.................
####....####.............
####....####.............
####....####.............
####....####.............
####....#####............
####....######...........
####....#######..........
####....###########......
####....###########......
####....###########......
####....###########......
####....#######....####..
####....#######....####..
####....#######....####..
####....#######....####..
####....#######....#####.
####....#######....######
)");
}

TEST(Story, LearnsMaskedCodesAndTheTextsWithTheirEnds) {
  const Row row = kPrompting.story(kFrames, 100);
  const Targets pictures = targets_of(row, Task::kT2i), texts = targets_of(row, Task::kLm);
  EXPECT_EQ(pictures.states, (IdList{6, 16, 17}));
  EXPECT_EQ(pictures.ids, (IdList{311, 312, 313}));
  EXPECT_EQ(texts.states, (IdList{1, 2, 12, 13, 23}));
  EXPECT_EQ(texts.ids, (IdList{7, kEos, 8, kEos, kEos}));
  EXPECT_TRUE(targets_of(row, Task::kMmu).ids.empty());
}

TEST(Story, DoesNotLearnATextThatWasTakenAway) {
  auto frames = kFrames;
  frames[0].text.clear();
  frames[0].learn_text = false;
  const Row row = kPrompting.story(frames, 100);
  EXPECT_EQ(targets_of(row, Task::kLm).ids, (IdList{8, kEos, kEos}));
  EXPECT_EQ(targets_of(row, Task::kT2i).ids, (IdList{311, 312, 313}));
}

TEST(Story, LeavesOutFramesThatDoNotFitAndThenHasNoEnd) {
  EXPECT_EQ(kPrompting.story(kFrames, 25).length(), 25);
  EXPECT_EQ(kPrompting.story(kFrames, 24).length(), 23) << "all frames, but not the end";
  const Row row = kPrompting.story(kFrames, 22);
  EXPECT_EQ(row.length(), 12);
  EXPECT_EQ(targets_of(row, Task::kLm).ids, (IdList{7, kEos}));
  EXPECT_EQ(kPrompting.story(kFrames, 11).length(), 1);
}

}  // namespace
}  // namespace showo
