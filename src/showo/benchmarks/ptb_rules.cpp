#include "showo/benchmarks/ptb_rules.h"

#include <initializer_list>
#include <utility>

#include "showo/benchmarks/ptb_characters.h"

namespace showo {
namespace {

using Text = std::u16string_view;
using Reading = PtbReading;

// What becomes of a match.

std::u16string replaced(std::u16string text, Text from, Text to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::u16string each_replaced(std::u16string text, Text any_of, Text to) {
  for (size_t i = 0; i < any_of.size(); ++i) text = replaced(text, any_of.substr(i, 1), to);
  return text;
}

Reading nothing(Text match) { return {u"", match.size()}; }
Reading as_is(Text match) { return {std::u16string(match), match.size()}; }
Reading line_end(Text match) { return {u"\n", match.size()}; }

template <char16_t... Token>
Reading always(Text match) {
  return {{Token...}, match.size()};
}

// can not, 't was.
template <size_t Left>
Reading but_last(Text match) {
  return as_is(match.substr(0, match.size() - Left));
}

// The full stop belongs to the abbreviation and ends the sentence too.
Reading with_stop_again(Text match) { return {std::u16string(match), match.size() - 1}; }

// The same, but one letter is rather the sentence's last word: It was I. The …
Reading acronym_at_end(Text match) {
  return match.size() == 2 ? but_last<1>(match) : with_stop_again(match);
}

Reading without_soft_hyphens(Text match) {
  auto token = replaced(std::u16string(match), u"\u00AD", u"");
  return {token.empty() ? u"-" : token, match.size()};
}

Reading spaces_kept(Text match) {
  return {replaced(std::u16string(match), u" ", u"\u00A0"), match.size()};
}

Reading brackets_named(Text match) {
  auto token = replaced(std::u16string(match), u"(", u"-LRB-");
  return {replaced(token, u")", u"-RRB-"), match.size()};
}

Reading telephone(Text match) {
  return {brackets_named(spaces_kept(match).token).token, match.size()};
}

Reading ampersand(Text match) {
  std::u16string token(match);
  for (size_t at = 0; (at = token.find(u'&', at)) != token.npos; ++at) {
    std::u16string entity = token.substr(at, 5);
    for (char16_t& unit : entity) unit |= unit >= u'A' && unit <= u'Z' ? 0x20 : 0;
    if (entity == u"&amp;") token.erase(at + 1, 4);
  }
  return {token, match.size()};
}

Reading fraction(Text match) {
  std::u16string token(match);
  for (const auto& [sign, text] : std::initializer_list<std::pair<Text, Text>>{
           {u"¼", u"1/4"}, {u"½", u"1/2"}, {u"¾", u"3/4"}, {u"⅓", u"1/3"}, {u"⅔", u"2/3"}})
    token = replaced(token, sign, text);
  return {token, match.size()};
}

Reading currency(Text match) {
  auto token = each_replaced(std::u16string(match), u"¢", u"cents");
  token = each_replaced(token, u"£", u"#");
  return {each_replaced(token, u"\u0080\u00A4\u20A0\u20AC", u"$"), match.size()};
}

// As LaTeX has them: `` and ''. Straight ones open or close as the rule says.
template <bool Opens>
Reading quotes(Text match) {
  auto token = replaced(std::u16string(match), u"&apos;", u"'");
  token = replaced(token, u"&quot;", u"\"");
  if (Opens) token = replaced(token, u"'", u"`");
  token = replaced(token, u"\"", Opens ? u"``" : u"''");
  token = each_replaced(token, u"\u0091\u2018\u201B\u2039", u"`");
  token = each_replaced(token, u"\u0092\u2019\u203A", u"'");
  token = each_replaced(token, u"\u0093\u201C\u00AB", u"``");
  return {each_replaced(token, u"\u0094\u201D\u00BB", u"''"), match.size()};
}

Reading dashes(Text match) {
  return match.size() == 3 || match.size() == 4 ? always<'-', '-'>(match) : as_is(match);
}

Pattern exactly(char16_t unit) { return interval(unit, unit); }

// Words that must begin with a capital: `texts` are given without it.
Pattern after_capital(char16_t capital, std::string_view texts) {
  return exactly(capital) >> words(texts);
}

struct Grammar : PtbCharacters {
  std::vector<PtbRule> rules() const;

  const Units soft_hyphen = one_of(u"\u00AD"), blank = one_of(u" \u00A0");

  // White space.
  const Pattern new_line = one_of(u"\r\u2028\u2029\u000B\u000C\u0085") |
                           maybe(exactly(u'\r')) >> exactly(u'\n');
  const Pattern white = space | new_line;

  // Markup: <a href="…">, </a>, <!-- … >, and entities.
  const Pattern tag_name = ascii_letter >> many(ascii_alnum | one_of(u"_:.-"));
  const Pattern quoted = "'" >> many(none_of(u"'")) >> "'" | "\"" >> many(none_of(u"\"")) >> "\"";
  const Pattern attribute = tag_name >> maybe(many(" ") >> "=" >> many(" ") >> quoted);
  const Pattern markup = "<" >>
                         (one_of(u"!?") >> (ascii_letter | one_of(u"-")) >>
                              many(none_of(u">\r\n")) |
                          tag_name >> many(some(" ") >> attribute) >> many(" ") >> maybe("/") |
                          "/" >> tag_name) >>
                         many(" ") >> ">";
  const Pattern accented_letter = "&" >> one_of(u"aeiouAEIOU") >> words("acute grave uml") >> ";";

  // Words. A point, ! or ? between letters does not end one.
  const Pattern word_letter = letter | mark | accented_letter;
  const Pattern letter_or_digit = word_letter | digit;
  const Pattern part = word_letter >> many(letter_or_digit);
  const Pattern word = part >> many(one_of(u".!?") >> part);

  // Apostrophes; `loose` ones are the wrong ones that stand for them within words.
  const Pattern apostrophe = one_of(u"'\u0092\u2019") | "&apos;";
  const Pattern loose = apostrophe | one_of(u"`\u0091\u2018\u201B");
  const Pattern contraction = apostrophe >> (one_of(u"msdMSD") | words("re ve ll"));
  const Pattern not_contraction = "n" >> loose >> "t";
  const Pattern before_not = many(ascii_letter | soft_hyphen) >> (ascii_letter & ~one_of(u"nN")) >>
                             many(soft_hyphen);
  const Pattern apostrophe_word =
      apostrophe >> "n" >> maybe(apostrophe) | one_of(u"lLdDjJ") >> apostrophe |
      words("dunkin somethin ol") >> apostrophe | apostrophe >> words("em til till cause") |
      ((ascii_capital & ~one_of(u"IY")) | one_of(u"n")) >> loose >> letter >> some(letter) |
      apostrophe >> interval(u'2', u'9') >> "0s" |
      some(letter) >> one_of(u"aeiouyAEIOUY") >> loose >> (one_of(u"aeiou") | ascii_capital) >>
          many(letter) |
      words("cont'd cont'd. 'twas nor'easter c'mon e'er s'mores ev'ry li'l nat'l") |
      "o" >> loose >> "o";

  // The net.
  const Units address = none_of(u" \t\n\f\r\"<>|(){}"), address_end = address & none_of(u".!?,-");
  const Pattern url = "http" >> maybe("s") >> "://" >> some(address) >> address_end;
  const Pattern www = "www." >> some(some(address& none_of(u".!?,")) >> ".") >>
                      times(ascii_letter, 2, 4);
  // Published with a range where three signs were meant: `,` to `_`, digits and capitals among it.
  const Pattern domain = some(some(address & none_of(u"`'.!?$") & ~interval(u',', u'_')) >> ".") >>
                         words("com net org edu");
  const Pattern likely_url = (www | domain) >>
                             maybe("/" >> some(none_of(u" \t\n\f\r\"<>|()")) >> address_end);
  const Units mail = address & none_of(u"\u00A0");
  const Pattern host = some(mail & none_of(u"."));
  const Pattern email = maybe(Pattern("&lt;") | "<") >> ascii_alnum >> many(mail) >> "@" >>
                        many(host >> ".") >> host >> maybe(Pattern("&gt;") | ">");
  const Pattern twitter = "@" >> (ascii_letter | one_of(u"_")) >> many(ascii_alnum | one_of(u"_")) |
                          "#" >> some(word_letter);
  const Pattern file_name =
      some(letter_or_digit) >> many("." >> some(letter_or_digit)) >> "." >>
      words(
          "bat bmp c cgi class cpp dll doc docx exe gif gz h htm html jar java jpeg jpg mov mp3 "
          "pdf php pl png ppt ps py sql tar txt wav x xml zip");

  // Numbers.
  const Pattern date = times(digit, 1, 2) >> one_of(u"-/") >> times(digit, 1, 2) >> one_of(u"-/") >>
                       times(digit, 2, 4);
  const Pattern number = maybe(one_of(u"-+")) >>
                         (some(digit) |
                          many(digit) >> some(one_of(u".:,\u00AD\u066B\u066C") >> some(digit)));
  const Pattern raised_number = maybe(one_of(u"⁺⁻₊₋")) >>
                                (some(one_of(u"⁰¹²³") | interval(u'⁴', u'⁹')) |
                                 some(interval(u'₀', u'₉')));
  const Pattern slash = maybe(exactly(u'\\')) >> "/";
  const Pattern typed_fraction = maybe(times(digit, 1, 4) >> (blank | one_of(u"-"))) >>
                                 times(digit, 1, 4) >> (slash | one_of(u"\u2044")) >>
                                 times(digit, 1, 4);
  const Pattern gap = blank | one_of(u"-");
  const Pattern plus = maybe(Pattern("+") >> maybe("+"));
  const Pattern phone = ("(" >> times(ascii_digit, 2, 3) >> ")" >> maybe(blank) |
                         plus >> maybe(times(ascii_digit, 2, 4) >> gap) >>
                             times(ascii_digit, 2, 4) >> gap) >>
                            times(ascii_digit, 3, 4) >> maybe(gap) >> times(ascii_digit, 3, 5) |
                        maybe(plus >> times(ascii_digit, 2, 4) >> ".") >>
                            times(ascii_digit, 2, 4) >> "." >> times(ascii_digit, 3, 4) >> "." >>
                            times(ascii_digit, 3, 5);

  // Abbreviations after which a sentence goes on in small letters …
  const Pattern before_small =
      (words("jan feb mar apr jun jul aug sep sept oct nov dec") |
       words("mon tue tues wed thu thurs fri") |
       words("ala ariz calif colo conn ct dak fla ga ind kan kans ky md mich minn mo mont neb nev "
             "okla penn tenn va vt wis wisc wyo") |
       after_capital(u'A', "z rk") | after_capital(u'D', "el") | after_capital(u'I', "ll") |
       after_capital(u'L', "a") | after_capital(u'M', "ass iss") | after_capital(u'O', "re") |
       after_capital(u'P', "a") | after_capital(u'T', "ex") | after_capital(u'W', "ash") |
       words("assn bancorp bhd co corp cos inc intl ltd plc rt sys univ") |
       "p" >> maybe("p") >> "t" >> one_of(u"ye") >> maybe("s") |
       words("al bldg blvd bros ed.d esq est etc ext jr ph.d rd seq sq sr tel")) >>
      ".";
  // … and those that names follow.
  const Pattern with_us = words(
      "canada-u.s sino-u.s korean-u.s eu-u.s japan-u.s non-u.s u.s.-u.k "
      "u.s.-u.s.s.r");
  const Pattern acronym = ascii_letter >> many("." >> Pattern(ascii_letter)) | with_us;
  const Pattern long_acronym = ascii_letter >> some("." >> Pattern(ascii_letter)) | with_us;
  const Pattern before_name =
      words(
          "adj adm adv assoc asst atty attys ave brig capt cmdr col comdr cpl det dr drs ens ft "
          "gen gov govs hon insp lieut lt maj messrs mlle mme mr mrs ms msgr mt pfc pres prof "
          "profs pvt rep reps rev sen sens sfc sgt spc st ste supt supts") |
      after_capital(u'M', "iss") |
      words("a.k.a alex cf cie dept elec invt jos natl ph treas vs wm") |
      "m" >> one_of(u"ft") >> "g" | acronym;
  const Pattern before_number = words("art bldg ca fig figs no nos op pp prop") >> ".";
  const Pattern sentence_start =
      after_capital(u'A', "bout ccording dditionally fter n s t") | exactly(u'A') |
      after_capital(u'B', "ut") | after_capital(u'E', "arlier") |
      after_capital(u'H', "e er ere owever") | after_capital(u'I', "f n t") |
      after_capital(u'L', "ast") | after_capital(u'M', "any ore r. s.") |
      after_capital(u'N', "ow") | after_capital(u'O', "nce ne ther ur") |
      after_capital(u'S', "he ince o ome uch") |
      after_capital(u'T', "hat he heir hen here hese hey his") |
      after_capital(u'W', "e hat hen hile") | after_capital(u'Y', "et ou");

  // Things with hyphens, slashes and ampersands.
  const Pattern hyphen = one_of(u"-_\u058A\u2010\u2011");
  const Units plain = letter | digit;
  const Pattern elided = maybe(one_of(u"dDoOlL") >> loose >> plain) >> some(plain);
  const Pattern thing = elided >> many(hyphen >> elided);
  const Pattern amp = Pattern("&") | "&amp;";
  const Pattern firm = some(ascii_capital) >>
                       some((one_of(u"+&") | "&amp;") >> some(ascii_capital));
  const Pattern slash_part = some(ascii_alnum) >> times("-" >> some(ascii_letter), 0, 2);
  const Pattern slashed = slash_part >> times(slash >> slash_part, 1, 2);
  const Pattern hyphenated = ascii_alnum >> many(ascii_alnum | one_of(u".,\u00AD")) >>
                             some("-" >> (some(ascii_alnum | soft_hyphen) | long_acronym >> "."));
  const Pattern treebank = "-" >> words("lrb rrb lcb rcb lsb rsb") >> "-" |
                           words("c.d.s pro- anti-") | "s" >> amp >> words("p-500 ls") |
                           "cap" >> apostrophe >> "n" | "c" >> apostrophe >> "est";

  // Marks.
  const Units inside_sentence = one_of(u",;:\u3001");
  const Pattern quote =
      apostrophe | "''" | times(one_of(u"`\u0091\u0092\u0093\u0094«»‘’‚‛“”„‟‹›"), 1, 2);
  const Pattern double_quote = Pattern("\"") | "&quot;";
  const Pattern smiley = maybe(one_of(u"<>")) >> one_of(u":;=") >> maybe(one_of(u"-o*'")) >>
                         one_of(u"()DPdpO\\{@|[]");
  const Units eyes = one_of(u"^x=~<>"), wide_eyes = eyes | one_of(u"-'");
  const Pattern asian_smiley =
      // A mistyped set of the published rules: `~<` means all up to the next <.
      eyes >> ".[^x=" >> many(none_of(u"<")) >> "<>]" | wide_eyes >> "_" >> wide_eyes |
      "(" >> wide_eyes >> maybe(one_of(u"_.")) >> wide_eyes >> ")" |
      "(" >> (eyes | one_of(u"'")) >> "-" >> (eyes | one_of(u"'`")) >> ")";
  const Pattern dots = times(".", 3, 5) | times("." >> Pattern(blank), 2, 4) >> "." |
                       one_of(u"\u0085…");
};

// In the order of the original: of matches of the same length the first counts.
std::vector<PtbRule> Grammar::rules() const {
  const Units any = Units().set();
  return {
      {words("c++ c# f#"), as_is},
      {words("cannot 'twas"), but_last<3>},
      {words("'tis gonna gotta lemme gimme wanna"), but_last<2>},
      {markup, spaces_kept},
      {"&" >> words("md mdash ndash") >> ";" | one_of(u"\u0096\u0097–—―"), always<'-', '-'>},
      {"&amp;", always<'&'>},
      {"&" >> (words("ht tl ur lr qc ql qr odq cdq") | "#" >> some(ascii_digit)) >> ";", as_is},
      {word, without_soft_hyphens, contraction},
      {before_not, without_soft_hyphens, not_contraction},
      {word, without_soft_hyphens},
      {apostrophe_word, as_is},
      {"y" >> apostrophe, as_is, letter},
      {url | likely_url | email | twitter, as_is},
      {contraction | not_contraction, quotes<false>, ~ascii_letter},
      {date, as_is},
      {number, without_soft_hyphens},
      {raised_number, as_is},
      {typed_fraction, spaces_kept},
      {one_of(u"¼½¾") | interval(u'⅓', u'⅞'), fraction},
      {treebank, ampersand},
      {slashed, as_is},
      {many(ascii_capital) >> "$" | "#", as_is},
      {one_of(u"\u0080¢£¤¥\u060B\u0E3F\u20A0\u20A4\u20AC\uFFE0\uFFE1\uFFE5\uFFE6"), currency},
      {acronym >> ".", acronym_at_end, some(white) >> (sentence_start | markup) >> white},
      {before_number, as_is, maybe(white) >> digit},
      {("pt" >> one_of(u"eyEY") | "co") >> ".", as_is, space >> words("ltd lim")},
      {before_small, with_stop_again, white >> (white | capital | markup)},
      {before_small, as_is, any >> Pattern(any)},
      {before_small, with_stop_again},  // at the end of the text
      {before_name >> ".", as_is},
      {before_name, as_is, space},
      {acronym, as_is, white},
      {apostrophe >> times(ascii_digit, 2, 2), as_is, white},
      {file_name, as_is, white | one_of(u".?!,")},
      {word >> ".", without_soft_hyphens, inside_sentence},
      {phone, telephone},
      {double_quote, quotes<true>, ascii_alnum | one_of(u"$")},
      {double_quote, quotes<false>},
      {"\x7f", nothing},
      {Pattern("<") | "&lt;", always<'<'>},
      {Pattern(">") | "&gt;", always<'>'>},
      {smiley, brackets_named, ~ascii_alnum},
      {asian_smiley, brackets_named},
      {"{", always<'-', 'L', 'C', 'B', '-'>},
      {"}", always<'-', 'R', 'C', 'B', '-'>},
      {"[", always<'-', 'L', 'S', 'B', '-'>},
      {"]", always<'-', 'R', 'S', 'B', '-'>},
      {one_of(u"()"), brackets_named},
      {some("-"), dashes},
      {dots, always<'.', '.', '.'>},
      {some("@") | some("#") | some("_") | some("*") | times("\\*", 1, 3), as_is},
      {inside_sentence | one_of(u".=/"), as_is},
      {some(one_of(u"?!")), as_is},
      {hyphenated >> ".", without_soft_hyphens, inside_sentence},
      {hyphenated, without_soft_hyphens},
      {thing >> ".", as_is, inside_sentence},
      {thing, as_is},
      {firm >> ".", ampersand, inside_sentence},
      {firm, ampersand},
      {"'", quotes<true>, ascii_letter >> none_of(u" \t\n\r\u00A0")},
      {contraction | not_contraction | quote, quotes<false>},
      {Pattern("<<") | ">>", as_is},
      {one_of(u"+%&~^|\\") | lone_sign, as_is},
      {exactly(0) | some(space) | one_of(u"\u200B\u200E\u200F\uFEFF") | "&nbsp;", nothing},
      {new_line, line_end},
  };
}

}  // namespace

std::vector<PtbRule> ptb_rules() { return Grammar().rules(); }

}  // namespace showo
