// What is UTF-8 and what is not.
#include "showo/core/utf8.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

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
