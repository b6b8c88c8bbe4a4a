// The byte spelling.
#include "showo/text/bytes.h"

#include <gtest/gtest.h>

#include <set>

namespace showo {
namespace {

TEST(ByteSpelling, IsGpt2sAndGivesEveryByteBack) {
  std::set<std::string> spellings;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string& spelling = byte_spellings()[byte];
    EXPECT_EQ(bytes_of_spelling(spelling), std::string(1, static_cast<char>(byte)));
    spellings.insert(spelling);
  }
  EXPECT_EQ(spellings.size(), 256u);
  EXPECT_EQ(byte_spellings()['A'], "A");
  EXPECT_EQ(byte_spellings()[' '], "Ġ");
  EXPECT_EQ(byte_spellings()['\n'], "Ċ");
  EXPECT_EQ(byte_spellings()[0xad], "Ń");
}

TEST(ByteSpelling, RefusesCharactersThatStandForNoByte) {
  EXPECT_EQ(bytes_of_spelling("Ġa b"), std::nullopt);
  EXPECT_EQ(bytes_of_spelling("猫"), std::nullopt);
  EXPECT_EQ(bytes_of_spelling("\xc4"), std::nullopt);
}

}  // namespace
}  // namespace showo
