// Whether what a picture shows stands where its caption says.
#include "showo/eval/pictures.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

SceneContents contents(std::vector<SceneContents::Place> places) {
  SceneContents contents;
  contents.places = std::move(places);
  return contents;
}

const SceneContents kPair = contents({{"lion", 16, 32}, {"car", 48, 32}});

TEST(StandsAsSaid, OfTwoThingsTheOrderCounts) {
  const std::string beside = "a lion to the left of a car on a red background";
  EXPECT_EQ(stands_as_said(beside, kPair, contents({{"car", 60, 4}, {"lion", 4, 60}})), true);
  EXPECT_EQ(stands_as_said(beside, kPair, contents({{"car", 4, 4}, {"lion", 60, 60}})), false);
  const std::string above = "a lion above a car on a red background";
  EXPECT_EQ(stands_as_said(above, kPair, contents({{"lion", 60, 4}, {"car", 4, 60}})), true);
  EXPECT_EQ(stands_as_said(above, kPair, contents({{"lion", 4, 60}, {"car", 60, 4}})), false);
  // Said the other way round it is the same.
  const std::string right = "a car to the right of a lion on a red background";
  EXPECT_EQ(stands_as_said(right, kPair, contents({{"car", 60, 4}, {"lion", 4, 60}})), true);
  EXPECT_EQ(stands_as_said(right, kPair, contents({{"car", 4, 4}, {"lion", 60, 60}})), false);
  const std::string below = "a car below a lion on a red background";
  EXPECT_EQ(stands_as_said(below, kPair, contents({{"lion", 60, 4}, {"car", 4, 60}})), true);
  EXPECT_EQ(stands_as_said(below, kPair, contents({{"lion", 4, 60}, {"car", 60, 4}})), false);
}

TEST(StandsAsSaid, OfSeveralThingsEachPlaceCounts) {
  const std::string caption = "a lion on the left and a car on the right on a red background";
  EXPECT_EQ(stands_as_said(caption, kPair, kPair), true);
  EXPECT_EQ(stands_as_said(caption, kPair, contents({{"lion", 16, 32}, {"car", 16, 32}})), false);
  EXPECT_EQ(stands_as_said(caption, kPair, contents({{"lion", 16, 32}})), false);
  // Of two lions the recogniser names one.
  const auto lions = contents({{"lion", 16, 32}, {"lion", 48, 32}});
  const std::string both = "a lion on the left and a lion on the right on a red background";
  EXPECT_EQ(stands_as_said(both, lions, contents({{"lion", 44, 36}})), true);
  EXPECT_EQ(stands_as_said(both, lions, contents({{"lion", 32, 32}})), false);
}

TEST(StandsAsSaid, OfAShrunkPictureCellsAreLarger) {
  const std::string caption = "a lion at the top left on a red background";
  auto found = contents({{"lion", 40, 24}});
  EXPECT_EQ(stands_as_said(caption, contents({{"lion", 24, 24}}), found), false);
  found.cell = 16;
  EXPECT_EQ(stands_as_said(caption, contents({{"lion", 24, 24}}), found), true);
}

TEST(StandsAsSaid, OfOneThingThePlaceCountsToACell) {
  const std::string caption = "a small lion at the top left on a red background";
  const auto scene = contents({{"lion", 16, 16}});
  EXPECT_EQ(stands_as_said(caption, scene, contents({{"lion", 12, 20}})), true);
  EXPECT_EQ(stands_as_said(caption, scene, contents({{"lion", 28, 20}})), false);
  EXPECT_EQ(stands_as_said(caption, scene, contents({{"lion", 20, 4}})), false);
}

TEST(StandsAsSaid, WhatIsNotFoundStandsNowhere) {
  EXPECT_EQ(
      stands_as_said("a lion above a car on a red background", kPair, contents({{"lion", 16, 8}})),
      false);
}

TEST(StyledAsSaid, AsksForTheStyleOfEverything) {
  const std::string caption = "a glossy lion above a glossy car on a red background";
  const auto scene = contents({{"lion", 16, 32, 8, "glossy"}, {"car", 48, 32, 8, "glossy"}});
  EXPECT_EQ(styled_as_said(caption, scene, scene), true);
  EXPECT_EQ(styled_as_said(caption, scene,
                           contents({{"lion", 1, 1, 0, "glossy"}, {"car", 1, 1, 0, "flat"}})),
            false);
  EXPECT_EQ(styled_as_said(caption, scene, contents({{"lion", 1, 1, 0, "glossy"}})), false);
  EXPECT_EQ(styled_as_said("flat lions", scene, scene), true) << "the scene has the truth";
}

TEST(StyledAsSaid, IsSilentWhereTheCaptionOrTheRecogniserIs) {
  const auto scene = contents({{"lion", 16, 32, 8, "glossy"}});
  EXPECT_EQ(styled_as_said("a lion on a red background", scene, scene), std::nullopt);
  EXPECT_EQ(styled_as_said("a glossy lion", scene, contents({{"lion", 16, 32}})), std::nullopt);
}

TEST(StandsAsSaid, IsSilentWhereTheCaptionIs) {
  EXPECT_EQ(stands_as_said("a lion and a car on a red background", kPair, kPair), std::nullopt);
  const auto alone = contents({{"lion", 32, 32}});
  EXPECT_EQ(stands_as_said("a lion on a red background", alone, alone), std::nullopt);
}

}  // namespace
}  // namespace showo
