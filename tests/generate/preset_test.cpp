#include "showo/generate/preset.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

TEST(Presets, ChangeNothingOrWhatTheySay) {
  SamplingOptions options{.steps = 12, .guidance = 4};
  apply_preset("exact", options);
  EXPECT_EQ(config_to_json(options), config_to_json(SamplingOptions{.steps = 12, .guidance = 4}));
  apply_preset("balanced", options);
  EXPECT_EQ(options.steps, 12);
  EXPECT_EQ(options.guided, 0.5);
  apply_preset("fast", options);
  EXPECT_EQ(options.steps, 6);
  EXPECT_EQ(options.guidance, 4);
  SamplingOptions one{.steps = 1};
  apply_preset("fast", one);
  EXPECT_EQ(one.steps, 1);
  EXPECT_THROW(apply_preset("quick", options), UsageError);
}

}  // namespace
}  // namespace showo
