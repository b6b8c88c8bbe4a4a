// Captions are cut as the Stanford tokenizer 3.4.1 cuts them.
#include "showo/benchmarks/ptb_tokenizer.h"

#include <fmt/ranges.h>

#include "tests/benchmarks/agreement.h"

namespace showo {
namespace {

std::string joined(const std::vector<std::string>& tokens) {
  return fmt::format("{}", fmt::join(tokens, " "));
}

// The tokens of the first caption, with another after it as in a file.
std::string tokens(const std::string& caption, const std::string& next = "x") {
  return joined(ptb_tokenize({caption, next})[0]);
}

TEST(PtbTokenizer, AgreesWithTheOfficialProgram) {
  const Json oracle_tokens = read_json(oracle("captions/tokens.json"));
  for (const char* set : {"captions", "common", "exotic"}) {
    std::vector<std::string> captions;
    for (const Json& pair : oracle_tokens[set]) captions.push_back(pair[0]);
    EXPECT_GE(captions.size(), 30U);
    captions.push_back("x");
    const auto found = ptb_tokenize(captions);
    for (size_t i = 0; i + 1 < captions.size(); ++i)
      EXPECT_EQ(joined(found[i]), oracle_tokens[set][i][1]) << captions[i];
  }
}

TEST(PtbTokenizer, LooksAcrossTheLineEnd) {
  for (const Json& entry : read_json(oracle("captions/tokens.json"))["before_another"])
    EXPECT_EQ(tokens(entry[0], entry[1]), entry[2]) << entry;
}

// Cases of the rules that the oracle lacks; given by the official program.
TEST(PtbTokenizer, KnowsTheRules) {
  const std::pair<const char*, const char*> kCases[] = {
      {"<a href=\"x y\"> b </a>", "<a\u00A0href=\"x\u00A0y\"> b </a>"},
      {"A&amp;P or S&P-500", "a&p or s&p-500"},
      {"caf&eacute; &HT; &mdash; &#39;", "caf&eacute; &ht; &#39;"},
      {"he cannot, 'twas, lemme", "he can not 't was lem me"},
      {"O'Neil's l'eau rock'n'roll", "o'neil 's l'eau rock 'n' roll"},
      {"mail a.b@c.org or www.x.com/a,b.", "mail a.b@c.org or www.x.com/a,b"},
      {"@name #tag c++ C# ## @@", "@name #tag c++ c# ## @@"},
      {"12/25/2010 3/4 2-1/2 -5 +7 .5 10:30", "12/25/2010 3/4 2-1/2 -5 +7 .5 10:30"},
      {"(555) 555-1234", "-lrb-555-rrb-\u00A0555-1234"},
      {"US$5 50¢ £3 ¥2 €1", "us$ 5 50 cents # 3 ¥ 2 $ 1"},
      {"the U.S. The end", "the u.s. the end"},
      {"a U.S.-U.K team that is non-U.S", "a u.s.-u.k team that is non-u.s"},
      {"Acme Co. Ltd. of Fla. and no. 5 no. x", "acme co. ltd. of fla. and no. 5 no x"},
      {":-) ;D x ^_^ (-_-)", ":--rrb- ;d x ^_^ -lrb--_--rrb-"},
      {"wait.... -- --- ----- no!!! ?", "wait ----- no !!!"},
      {"foo.html x.c, 3rd mp3.", "foo.html x.c 3rd mp3"},
      {"x² H₂O ½ ⅓ ⅞", "x ² h ₂ o 1/2 1/3 ⅞"},
      {"co\u00ADop t-shirt and/or a_b AT&T", "coop t-shirt and/or a_b at&t"},
      {"İstanbul ΟΔΟΣ ΣΑΣ-ΟΔ", "i̇stanbul οδος σασ-οδ"},
      {"中文 हिन्दी 😀 русский", "中文 हिन्दी русский"},
      {"<< >> < &gt; [a] {b}", "<< >> < > -lsb- a -rsb- -lcb- b -rcb-"},
      {"\"quoted\" ‘single’ «x»", "quoted single x"},
  };
  for (const auto& [caption, expected] : kCases) EXPECT_EQ(tokens(caption), expected) << caption;
}

TEST(PtbTokenizer, EveryCaptionHasItsLine) {
  const auto found = ptb_tokenize({"", "a\nb", "...", "c"});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(joined(found[0]), "");
  EXPECT_EQ(joined(found[1]), "a b");
  EXPECT_TRUE(found[2].empty());
  EXPECT_EQ(joined(found[3]), "c");
  EXPECT_TRUE(ptb_tokenize({}).empty());
  EXPECT_EQ(ptb_tokenize({""}).size(), 1U);
}

TEST(PtbTokenizer, SeparatorsOfLinesShiftTheRest) {
  for (const char* separator : {"\r", "\u2028", "\u2029", "\f", "\v"}) {
    const auto found = ptb_tokenize({"a" + std::string(separator) + "b", "c", "d"});
    EXPECT_EQ(joined(found[0]), "a");
    EXPECT_EQ(joined(found[1]), "b");
    EXPECT_EQ(joined(found[2]), "c");
  }
  EXPECT_EQ(joined(ptb_tokenize({"a\r", "c"})[1]), "c");  // with the line feed one line end
}

TEST(PtbTokenizer, TakesAnyBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    std::string bytes(200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(ptb_tokenize({bytes, "x"}).size(), 2U);
  }
}

}  // namespace
}  // namespace showo
