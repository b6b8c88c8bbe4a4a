// Every reference case of tests/golden/data through the same runner as `showo check`.
#include "showo/eval/golden.h"

#include <gtest/gtest.h>

#include "showo/core/error.h"

namespace showo {
namespace {

const fs::path kData = SHOWO_SOURCE_DIR "/tests/golden/data";
const fs::path kTokenizer = SHOWO_SOURCE_DIR "/models/phi-tokenizer";

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, AgreesWithTheReference) {
  const CaseReport report = check_case(kData / GetParam(), kTokenizer);
  ASSERT_FALSE(report.comparisons.empty());
  for (const auto& c : report.comparisons) {
    EXPECT_TRUE(c.passed) << c.name << ": absolute " << c.largest_absolute << ", relative "
                          << c.largest_relative << ", bound " << c.bound << " at " << c.where;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden,
                         testing::Values("tokenizer", "prompting", "schedules",
                                         "image_preprocessing", "magvitv2", "showo_train",
                                         "showo_t2i", "showo_mmu", "llama_backbone",
                                         "showo_clip_mmu"),
                         [](const auto& info) { return std::string(info.param); });

TEST(GoldenCheck, RefusesAFolderThatIsNoCase) {
  EXPECT_THROW(check_case(kData, kTokenizer), Error);
}

}  // namespace
}  // namespace showo
