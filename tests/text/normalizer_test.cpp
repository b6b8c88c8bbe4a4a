// Unicode's composed form and replaced texts.
#include "showo/text/normalizer.h"

#include <gtest/gtest.h>

namespace showo {
namespace {

TEST(Nfc, ComposesAndOrdersMarks) {
  EXPECT_EQ(nfc("cafe\u0301 \u212b"), "caf\u00e9 \u00c5");
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c");  // composes to nothing again
  EXPECT_EQ(nfc("plain text"), "plain text");
  EXPECT_EQ(nfc(std::string_view("a\0b\u00e9", 5)), std::string_view("a\0b\u00e9", 5));
}

TEST(Nfc, KeepsBytesThatAreNotUtf8AndComposesNothingAcrossThem) {
  EXPECT_EQ(nfc("e\xff\u0301"), "e\xff\u0301");
  EXPECT_EQ(nfc("\xc3"
                "e\u0301"),
            "\xc3\u00e9");
}

// Ordered mark by mark this would take hours.
TEST(Nfc, OrdersAMegabyteOfMarks) {
  std::string marks, below, above;
  for (int i = 0; i < 1 << 18; ++i) {
    marks += "\u0301\u0323";
    below += "\u0323";
    above += "\u0301";
  }
  EXPECT_EQ(nfc("q" + marks), "q" + below + above);
}

TEST(SmallLetters, AreOfEachCharacterByItself) {
  EXPECT_EQ(small_letters("A Big ΣΊΣΥΦΟΣ"), "a big σίσυφοσ");
  EXPECT_EQ(small_letters("\u0130 \u01c5 \u1e9e \u2160"), "i\u0307 \u01c6 \u00df \u2170");
  EXPECT_EQ(small_letters("A\xff\xc3Z"), "a\xff\xc3z");
}

TEST(SingleSpaces, StandForRunsOfUnicodesWhiteSpace) {
  EXPECT_EQ(single_spaces(" a\t\n\u00a0b\u2003\u1680\u0085\u3000c\u2028"), " a b c ");
  EXPECT_EQ(single_spaces("a\u180e\u200bb"), "a\u180e\u200bb");
  EXPECT_EQ(single_spaces("\xff \xff"), "\xff \xff");
}

TEST(ReplaceAll, GoesFromLeftToRight) {
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all(" a  b ", " ", "▁"), "▁a▁▁b▁");
  EXPECT_EQ(replace_all("", " ", "▁"), "");
}

}  // namespace
}  // namespace showo
