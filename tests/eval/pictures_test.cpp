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
