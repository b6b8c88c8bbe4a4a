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

TEST(OwnSampling, IsWhatDiffersFromThePublishedValues) {
  const fs::path folder =
      fs::temp_directory_path() / ("showo-sampling-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  write_own_sampling(folder, {});
  EXPECT_FALSE(fs::exists(folder / "sampling.json"));
  const SamplingOptions few{.steps = 2, .guidance = 0, .schedule = "pow6", .order = "halton"};
  write_own_sampling(folder, few);
  EXPECT_EQ(read_json(folder / "sampling.json"),
            Json({{"guidance", 0.0}, {"order", "halton"}, {"schedule", "pow6"}, {"steps", 2}}));
  EXPECT_EQ(config_to_json(own_sampling(folder)), config_to_json(few));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace showo
