// Text and numbers are as Python 3 has them: each expectation was printed by it.
#include "showo/benchmarks/python_text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "showo/benchmarks/python_random.h"

namespace showo::python {
namespace {

using Texts = std::vector<std::string>;

TEST(PythonText, SpacesAreUnicodes) {
  EXPECT_EQ(strip("\x1c \u00a0\u3000a\u200b \u2029"), "a\u200b");
  EXPECT_EQ(words("\u2003one\u00a0two\u0085three\x1d"), (Texts{"one", "two", "three"}));
  EXPECT_EQ(words(" \t"), Texts{});
}

TEST(PythonText, SmallLettersDependOnTheWord) {
  EXPECT_EQ(lower("ÉCOLE İ \u212a"), "école i\u0307 k");
  EXPECT_EQ(lower("ΟΔΟΣ, ΣΑΣ'Α Σ"), "οδος, σασ'α σ");
  EXPECT_EQ(lower("ẞ ǅ 𐐀"), "ß ǆ 𐐨");
}

TEST(PythonText, BytesThatAreNoTextBecomeOneSignEach) {
  EXPECT_EQ(lower("A\xff\xc3"), "a\ufffd\ufffd");
  EXPECT_EQ(first_characters("é\u3000yes", 3), "é\u3000y");
}

TEST(PythonText, LinesEndAtAnyOfThreeEnds) {
  EXPECT_EQ(lines("a\r\nb\rc\n\nd"), (Texts{"a", "b", "c", "", "d"}));
  EXPECT_EQ(lines("a\n"), Texts{"a"});
  EXPECT_EQ(lines(""), Texts{});
  EXPECT_EQ(lines("a\u2028b"), Texts{"a\u2028b"});
}

TEST(PythonText, FloatReadsWhatPythonsDoes) {
  EXPECT_EQ(to_float(" 1_0.5e1\n"), 105.0);
  EXPECT_EQ(to_float("٣５.𝟗"), 35.9);
  EXPECT_EQ(to_float("+.5"), 0.5);
  EXPECT_EQ(to_float("1."), 1.0);
  EXPECT_EQ(to_float("-1e400"), -INFINITY);
  EXPECT_EQ(to_float("1e-400"), 0.0);
  EXPECT_EQ(to_float("Infinity"), INFINITY);
  EXPECT_TRUE(std::isnan(*to_float("-nan")));
  for (const char* text : {"", ".", "1__0", "_1", "1_", "0x1", "1e", "+-5", "++5", "nan(1)", "5 6",
                           "²", "1,000", "five", "infinit",
                           "\x1c"
                           "5"})
    EXPECT_FALSE(to_float(text)) << text;
}

TEST(PythonText, RoundsTheExactBinaryValueAndHalvesToEven) {
  EXPECT_EQ(round(2.675, 2), 2.67);
  EXPECT_EQ(round(0.125, 2), 0.12);
  EXPECT_EQ(round(0.375, 2), 0.38);
  EXPECT_EQ(round(-0.125, 2), -0.12);
  EXPECT_EQ(round(1e300, 2), 1e300);
  EXPECT_EQ(round(INFINITY, 2), INFINITY);
}

TEST(PythonRandom, ChoosesAsSeed42Does) {
  Random random(42);
  std::vector<size_t> drawn;
  for (int i = 0; i < 12; ++i) drawn.push_back(random.choice(i < 6 ? 4 : 9));
  EXPECT_EQ(drawn, (std::vector<size_t>{0, 0, 2, 1, 1, 1, 1, 8, 1, 6, 0, 0}));
}

}  // namespace
}  // namespace showo::python
