// The byte spelling and what counts as a character of UTF-8.
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

TEST(Utf8Length, AcceptsExactlyTheWellFormed) {
  EXPECT_EQ(utf8_length("a"), 1u);
  EXPECT_EQ(utf8_length(std::string_view("\0", 1)), 1u);
  EXPECT_EQ(utf8_length("é!"), 2u);
  EXPECT_EQ(utf8_length("\xed\x9f\xbf"), 3u);      // U+D7FF
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf"), 4u);  // U+10FFFF
  EXPECT_EQ(utf8_length("🐈"), 4u);
}

TEST(Utf8Length, RefusesOverlongSurrogateCutAndTooLarge) {
  for (const char* wrong :
       {"", "\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xe7\x8c", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe7\x8c("}) {
    EXPECT_EQ(utf8_length(wrong), 0u) << testing::PrintToString(std::string(wrong));
  }
}

// Counted by RFC 3629: every scalar value has one form, and no other bytes have any.
TEST(Utf8Length, KnowsAllThreeByteCharacters) {
  int count = 0;
  for (int bits = 0; bits < 1 << 24; ++bits) {
    if ((bits >> 16 & 0xf0) != 0xe0) continue;
    const char text[] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                         static_cast<char>(bits)};
    count += utf8_length({text, 3}) == 3;
  }
  EXPECT_EQ(count, 0x10000 - 0x800 - 0x800);  // less the two-byte range, less the surrogates
}

}  // namespace
}  // namespace showo
