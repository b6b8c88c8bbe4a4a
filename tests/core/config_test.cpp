// Configurations from YAML and JSON: defaults, nesting, and a message for every mistake in a file.
#include "showo/core/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <random>

#include "showo/core/option_error.h"
#include "showo/core/yaml_config.h"

namespace showo {
namespace {

struct Sampling {
  int steps = 18;
  double temperature = 1.5;
  bool operator==(const Sampling&) const = default;
  template <class V>
  void visit(V& v) {
    v(steps, "steps", "unmasking steps", any_number());
    v(temperature, "temperature", "of the noise", any_number());
  }
};

struct Config {
  std::string name = "tiny";
  bool shuffle = true;
  int64_t seed = 7;
  uint8_t level = 6;
  float rate = 0.25f;
  Sampling sampling;
  std::vector<int> widths = {8, 16};
  std::vector<Sampling> stages;
  std::optional<int> limit;
  std::optional<Sampling> extra;
  bool operator==(const Config&) const = default;
  template <class V>
  void visit(V& v) {
    v(name, "name", "");
    v(shuffle, "shuffle", "");
    v(seed, "seed", "", any_number());
    v(level, "level", "", any_number());
    v(rate, "rate", "", any_number());
    v(sampling, "sampling", "");
    v(widths, "widths", "", any_number());
    v(stages, "stages", "");
    v(limit, "limit", "", any_number());
    v(extra, "extra", "");
  }
};

Config config_of(const std::string& yaml) {
  Config config;
  read_config(config, parse_yaml(yaml, "run.yaml"), "run.yaml");
  return config;
}

// The Error's message, or "" when there is none.
template <class Action>
std::string complaint(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string complaint_about(const std::string& yaml) {
  return complaint([&] { config_of(yaml); });
}

TEST(ReadConfig, KeepsDefaultsOfAbsentKeys) {
  EXPECT_EQ(config_of("{}"), Config());
  Config expected;
  expected.sampling.steps = 4;
  EXPECT_EQ(config_of("sampling: {steps: 4}"), expected);
}

TEST(ReadConfig, FillsEveryKindOfValue) {
  const Config config = config_of(R"(
name: "18"
shuffle: false
seed: -9223372036854775808
level: 255
rate: 1e-3
sampling:
  steps: 50
  temperature: 2
widths: [1, 2, 3]
stages:
  - {steps: 1}
  - temperature: 0.5
limit: 3
extra: {steps: 2}
)");
  EXPECT_EQ(config.name, "18");
  EXPECT_FALSE(config.shuffle);
  EXPECT_EQ(config.seed, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(config.level, 255);
  EXPECT_EQ(config.rate, 1e-3f);
  EXPECT_EQ(config.sampling, (Sampling{50, 2.0}));
  EXPECT_EQ(config.widths, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(config.stages, (std::vector<Sampling>{{1, 1.5}, {18, 0.5}}));
  EXPECT_EQ(config.limit, 3);
  EXPECT_EQ(config.extra, (Sampling{2, 1.5}));
}

TEST(ReadConfig, ReplacesListsAndForgetsWhatIsNull) {
  Config config;
  config.limit = 5;
  config.stages.resize(3);
  read_config(config, parse_json(R"({"limit": null, "stages": [], "widths": [4]})", "x"), "x");
  EXPECT_EQ(config.limit, std::nullopt);
  EXPECT_TRUE(config.stages.empty());
  EXPECT_EQ(config.widths, std::vector<int>{4});
}

TEST(ConfigToJson, GivesTheSameConfigurationBack) {
  Config config =
      config_of("{name: 'a: b', widths: [], stages: [{steps: 3}], limit: 0, rate: 0.1}");
  const Json json = config_to_json(config);
  for (const char* key : {"name", "shuffle", "seed", "level", "rate", "sampling", "widths"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_FALSE(json.contains("extra"));
  EXPECT_EQ(config_of(json.dump()), config);  // JSON is YAML
  Config again;
  read_config(again, parse_json(json.dump(), "saved"), "saved");
  EXPECT_EQ(again, config);
}

TEST(ReadConfig, NamesTheKeyOfEveryMistake) {
  struct Case {
    const char *yaml, *expected;
  };
  for (const auto& [yaml, expected] : std::initializer_list<Case>{
           {"stepz: 4", "run.yaml: unknown key 'stepz'; known: name, shuffle, seed, level, rate, "},
           {"sampling: {step: 4}",
            "run.yaml: sampling: unknown key 'step'; known: steps, temperature"},
           {"stages: [{}, {step: 4}]", "run.yaml: stages[1]: unknown key 'step'"},
           {"sampling: {steps: many}",
            "run.yaml: sampling.steps: expected a whole number, found \"many\""},
           {"sampling: {steps: 1.5}",
            "run.yaml: sampling.steps: expected a whole number, found 1.5"},
           {"sampling: {steps: '4'}", "run.yaml: sampling.steps: expected a whole number"},
           {"sampling: {steps: true}", "run.yaml: sampling.steps: expected a whole number"},
           {"sampling: {temperature: warm}", "run.yaml: sampling.temperature: expected a number"},
           {"sampling: 3", "run.yaml: sampling: expected keys and values, found 3"},
           {"sampling:", "run.yaml: sampling: expected keys and values, found null"},
           {"widths: 3", "run.yaml: widths: expected a list, found 3"},
           {"widths: [1, x]", "run.yaml: widths[1]: expected a whole number, found \"x\""},
           {"stages: [{steps: []}]", "run.yaml: stages[0].steps: expected a whole number"},
           {"shuffle: 1", "run.yaml: shuffle: expected true or false, found 1"},
           {"shuffle: 'yes'", "run.yaml: shuffle: expected true or false, found \"yes\""},
           {"name: 5", "run.yaml: name: expected text, found 5"},
           {"limit: none", "run.yaml: limit: expected a whole number, found \"none\""},
           {"extra: {steps: x}", "run.yaml: extra.steps: expected a whole number"},
           {"seed: 9223372036854775808", "run.yaml: seed: expected a whole number"},
           {"sampling: {steps: 4294967297}", "run.yaml: sampling.steps: "},
           {"sampling: {steps: -2147483649}", "run.yaml: sampling.steps: "},
           {"level: 256", "run.yaml: level: expected a whole number from 0 to 255, found 256"},
           {"level: -1", "run.yaml: level: expected a whole number from 0 to 255, found -1"},
           {"[]", "run.yaml: expected keys and values, found []"},
           {"seven", "run.yaml: expected keys and values, found \"seven\""},
           {"name: [\"\xff\"]", "run.yaml: name: expected text, found "},
       }) {
    const std::string message = complaint_about(yaml);
    EXPECT_TRUE(message.starts_with(expected)) << yaml << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

struct Ranged {
  int steps = 18;
  double share = 0.5, rate = 1;
  uint64_t seed = 0;
  std::vector<int64_t> widths = {8};
  std::optional<int> limit;
  Sampling plain;
  template <class V>
  void visit(V& v) {
    v(steps, "steps", "", between(1, 4096));
    v(share, "share", "", showo::share());
    v(rate, "rate", "", above(0));
    v(seed, "seed", "", any_number());
    v(widths, "widths", "", between(1, 64));
    v(limit, "limit", "", at_least(0));
    v(plain, "plain", "");
  }
};

TEST(ReadConfig, RefusesNumbersOutOfTheirRange) {
  const auto complaint_of = [](const std::string& yaml) {
    return complaint([&] {
      Ranged config;
      read_config(config, parse_yaml(yaml, "run.yaml"), "run.yaml");
    });
  };
  for (const auto& [yaml, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"steps: 1", ""},
           {"steps: 4096", ""},
           {"steps: 0", "run.yaml: steps: expected 1 to 4096, found 0"},
           {"steps: 4097", "run.yaml: steps: expected 1 to 4096, found 4097"},
           {"share: 1", ""},
           {"share: 1.0001", "run.yaml: share: expected 0 to 1, found 1.0001"},
           {"share: .nan", "run.yaml: share: expected 0 to 1, found nan"},
           {"rate: 1e-300", ""},
           {"rate: 0", "run.yaml: rate: expected above 0, found 0"},
           {"rate: .inf", "run.yaml: rate: expected above 0, found inf"},
           {"seed: 18446744073709551615", ""},
           {"widths: [1, 64, 65]", "run.yaml: widths[2]: expected 1 to 64, found 65"},
           {"limit: ~", ""},
           {"limit: -1", "run.yaml: limit: expected at least 0, found -1"},
           {"plain: {temperature: .nan}",
            "run.yaml: plain.temperature: expected any number, found nan"}}) {
    EXPECT_EQ(complaint_of(yaml), expected) << yaml;
  }
}

TEST(CheckRanges, NamesTheFieldThatAProgramFilledWrong) {
  Ranged config;
  EXPECT_NO_THROW(check_ranges(config, "options"));
  config.widths = {3, 0};
  EXPECT_EQ(complaint([&] { check_ranges(config, "options"); }),
            "options: widths[1]: expected 1 to 64, found 0");
  config.widths = {};
  config.plain.temperature = std::numeric_limits<double>::infinity();
  EXPECT_EQ(complaint([&] { check_ranges(config, "options"); }),
            "options: plain.temperature: expected any number, found inf");
  EXPECT_THROW(check_ranges<UsageError>(config, "options"), UsageError);
}

// A command line says "--steps" and a server "steps": both from the same error.
TEST(OptionError, NamesTheOption) {
  const OptionError error("mask_schedule", "foo", "expected cosine");
  EXPECT_STREQ(error.what(), "mask_schedule foo: expected cosine");
  EXPECT_EQ(error.option(), "mask_schedule");
  EXPECT_STREQ(OptionError("device", "is not there\n").what(), "device: is not there\\n");
  Ranged config;
  EXPECT_NO_THROW(check_options(config));
  config.plain.temperature = std::numeric_limits<double>::infinity();
  try {
    check_options(config);
    FAIL();
  } catch (const OptionError& found) {
    EXPECT_EQ(found.option(), "plain.temperature");
    EXPECT_STREQ(found.what(), "plain.temperature inf: expected any number");
  }
}

TEST(ReadConfig, TakesEveryUnsignedNumber) {
  const std::string largest = "[18446744073709551615, 0]";
  const Json read = parse_yaml(largest, "x");
  EXPECT_EQ(read, parse_json(largest, "x"));
  std::vector<uint64_t> seeds;
  config_detail::assign(seeds, read, "x");
  EXPECT_EQ(seeds, (std::vector<uint64_t>{std::numeric_limits<uint64_t>::max(), 0}));
}

TEST(ParseYaml, ReadsPlainScalarsAsWhatTheyCanBe) {
  EXPECT_EQ(parse_yaml("[1, -2, 1.5, 1e3, true, false, null, ~, word, '1', \"true\", '']", "x"),
            Json({1, -2, 1.5, 1000.0, true, false, nullptr, nullptr, "word", "1", "true", ""}));
  EXPECT_EQ(parse_yaml("", "x"), nullptr);
  EXPECT_EQ(parse_yaml("a:\n  - b: 猫\n", "x"), Json({{"a", {{{"b", "猫"}}}}}));
}

// Octal and hexadecimal numbers would be others than people mean.
TEST(ParseYaml, ReadsNumbersAsDecimal) {
  EXPECT_EQ(
      parse_yaml("[010, 08, +3, -007, .5, 010.50, 1E+2, 0x10, 0o17, 1_000, 1e999, inf, 1-2]", "x"),
      Json({10, 8, 3, -7, 0.5, 10.5, 100.0, "0x10", "0o17", "1_000", "1e999", "inf", "1-2"}));
  EXPECT_EQ(parse_yaml("[.inf, -.inf]", "x"), Json({std::numeric_limits<double>::infinity(),
                                                    -std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(complaint_about("sampling: {steps: 0x10}"),
            "run.yaml: sampling.steps: expected a whole number, found \"0x10\"");
}

struct Texts {
  struct Source {
    std::string path, also;
    template <class V>
    void visit(V& v) {
      v(path, "path", "");
      v(also, "also", "");
    }
    void read_text(const std::string& text) { path = text; }
  };
  std::string name;
  std::vector<std::string> names;
  Source source;
  std::vector<Source> sources;
  int64_t steps = 0;
  std::optional<int> limit = 5;
  template <class V>
  void visit(V& v) {
    v(name, "name", "");
    v(names, "names", "");
    v(source, "source", "");
    v(sources, "sources", "");
    v(steps, "steps", "", any_number());
    v(limit, "limit", "", any_number());
  }
};

Texts texts_of(const std::string& yaml) {
  Texts config;
  read_config(config, parse_yaml(yaml, "run.yaml", text_keys<Texts>()), "run.yaml");
  return config;
}

TEST(ReadConfig, TextIsWhatWasWritten) {
  for (const char* written :
       {"2024", "1e3", "010", "true", "null", "~", "Null", ".5", "0x10", "-3"}) {
    EXPECT_EQ(texts_of(fmt::format("name: {}", written)).name, written);
    EXPECT_EQ(texts_of(fmt::format("{{limit: ~, names: [a, {}], steps: 010}}", written)).names[1],
              written);
    EXPECT_EQ(texts_of(fmt::format("source: {}", written)).source.path, written);
    EXPECT_EQ(texts_of(fmt::format("source: {{also: {}}}", written)).source.also, written);
    const auto sources = texts_of(fmt::format("sources: [{0}, {{also: {0}}}]", written)).sources;
    EXPECT_EQ(sources[0].path, written);
    EXPECT_EQ(sources[1].also, written);
  }
  const Texts others = texts_of("{steps: 010, limit: ~}");
  EXPECT_EQ(others.steps, 10);
  EXPECT_EQ(others.limit, std::nullopt);
  EXPECT_EQ(complaint([] { texts_of("name:"); }), "run.yaml: name: expected text, found null");
  EXPECT_EQ(complaint([] { texts_of("name: [1]"); }), "run.yaml: name: expected text, found [1]");
}

TEST(ParseYaml, NamesTheLineOfASyntaxError) {
  struct Case {
    const char *yaml, *expected;
  };
  for (const auto& [yaml, expected] : std::initializer_list<Case>{
           {"steps: [1, 2", "run.yaml: line 1: "},
           {"a: 1\nb: 2\nc: 'open", "run.yaml: line "},
           {"a: 1\n b: 2\n", "run.yaml: line 2: "},
           {"a: 1\nb: [}\n", "run.yaml: line 2: "},
           {"a: 1\n\n\tb: 2\n", "run.yaml: line 3: "},
           {"a: *nowhere\n", "run.yaml: line 1: "},
           {"a: 1\nb: 2\na: 3\n", "run.yaml: key 'a' stands twice"},
       }) {
    const std::string message = complaint([&, text = yaml] { parse_yaml(text, "run.yaml"); });
    EXPECT_TRUE(message.starts_with(expected)) << yaml << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Nesting, IsLimited) {
  EXPECT_NO_THROW(parse_json(nested(50), "x"));
  EXPECT_NO_THROW(parse_yaml(nested(50), "x"));
  for (const size_t depth : {80, 400, 600, 100000}) {
    EXPECT_EQ(complaint([&] { parse_json(nested(depth), "deep.json"); }),
              "deep.json: nested deeper than 64 levels");
    EXPECT_TRUE(
        complaint([&] { parse_yaml(nested(depth), "deep.yaml"); }).starts_with("deep.yaml: "))
        << depth;
    EXPECT_NE(complaint([&] { parse_json(std::string(depth, '['), "x"); }), "");
    EXPECT_NE(complaint([&] { parse_yaml(std::string(depth, '['), "x"); }), "");
  }
  EXPECT_NE(complaint([] { parse_yaml("&a [*a, *a]", "x"); }), "");
}

// Nine lists of ten aliases each stand for a thousand million values.
TEST(ParseYaml, RefusesAliasesThatGrowWithoutEnd) {
  std::string yaml = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    yaml += fmt::format("l{}: &l{} [", i, i);
    for (int k = 0; k < 10; ++k) yaml += fmt::format("{}*l{}", k ? ", " : "", i - 1);
    yaml += "]\n";
  }
  EXPECT_TRUE(complaint([&] { parse_yaml(yaml, "run.yaml"); }).starts_with("run.yaml: "));
  EXPECT_EQ(parse_yaml("{a: &a [1, 2], b: *a}", "x"), Json({{"a", {1, 2}}, {"b", {1, 2}}}));
}

TEST(ParseJson, IsStrict) {
  EXPECT_EQ(parse_json(R"({"a": [1, 2.5, "猫"]})", "x"), Json({{"a", {1, 2.5, "猫"}}}));
  for (const char* text : {"", "{", "{'a': 1}", "{\"a\": 1,}", "[1] 2", "// no\n1", "NaN", "1e999",
                           "\"\xff\"", "\"\n\""}) {
    const std::string message = complaint([&] { parse_json(text, "config.json"); });
    EXPECT_TRUE(message.starts_with("config.json: not valid JSON: ")) << text << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(ReadYaml, TakesMemoryByTheFilesSize) {
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-big-{}.yaml", ::getpid());
  std::string values = "a: [0";
  while (values.size() < 3 << 19) values += ",0";
  write_file_atomically(path, values + "]\n");
  EXPECT_EQ(complaint([&] { read_yaml(path); }),
            fmt::format("{}: {} bytes, more than the limit of 1048576", path.string(),
                        fs::file_size(path)));
  fs::remove(path);
}

TEST(ReadYaml, NamesTheFile) {
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-{}.yaml", ::getpid());
  EXPECT_TRUE(complaint([&] { read_yaml(path); }).starts_with(path.string() + ": "));
  EXPECT_TRUE(complaint([&] { read_json(path); }).starts_with(path.string() + ": "));
  write_file_atomically(path, "a: 1\nb: [\n");
  EXPECT_TRUE(complaint([&] { read_yaml(path); }).starts_with(path.string() + ": line "));
  EXPECT_TRUE(complaint([&] { read_json(path); }).starts_with(path.string() + ": not valid JSON"));
  fs::remove(path);
}

TEST(DamagedConfigurations, AreReadOrRefused) {
  const std::string whole =
      "name: \"tiny \\u00e9\"\nsampling: &s {steps: 3, temperature: 1.5e0}\nwidths:\n  - 1\n  - 2\n"
      "stages: [*s, {steps: 2}]\nlimit: ~\n? rate\n: 0.5\n# end\nextra: !!map {steps: 0x10}\n"
      "text: |\n  a\n  b\n";
  const std::string pieces = "{}[]:,-?&*!|>'\"%@`#~ \n\t\\0aé\xff";
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text = whole;
    for (size_t i = 0, n = 1 + random() % 4; i < n; ++i)
      text[random() % text.size()] = pieces[random() % pieces.size()];
    if (random() % 4 == 0) text.resize(random() % text.size());
    try {
      config_of(text);
    } catch (const Error& error) {
      ASSERT_TRUE(std::string(error.what()).starts_with("run.yaml: ")) << error.what();
    } catch (const std::exception& error) {
      FAIL() << "round " << round << ": " << error.what() << "\n" << text;
    }
  }
}

}  // namespace
}  // namespace showo
