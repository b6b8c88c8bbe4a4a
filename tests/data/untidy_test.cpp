// Data as people have it: what systems leave beside it, names in any language, members in any
// order, lists that name files nobody has, marks and spaces around texts.
#include <archive.h>
#include <archive_entry.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <clocale>
#include <fstream>
#include <set>
#include <sstream>

#include "showo/data/clean.h"
#include "showo/image/png.h"
#include "tests/data/support.h"

namespace showo {
namespace {

const std::string kMark = "\xef\xbb\xbf";

class Untidy : public Scratch {
 protected:
  using Members = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    Scratch::SetUp();
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
  }
  void TearDown() override {
    spdlog::set_default_logger(before_);
    Scratch::TearDown();
  }
  // How often the log says it.
  int said(const std::string& words) const {
    const std::string log = log_.str();
    int times = 0;
    for (size_t at = log.find(words); at != std::string::npos; at = log.find(words, at + 1))
      ++times;
    return times;
  }

  SourceConfig shard(const Members& members, const std::string& name = "s.tar") const {
    const std::string path = (folder_ / name).string();
    archive* out = archive_write_new();
    archive_write_set_format_ustar(out);
    if (name.ends_with(".gz")) archive_write_add_filter_gzip(out);
    archive_write_open_filename(out, path.c_str());
    for (const auto& [member, content] : members) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, member.c_str());
      archive_entry_set_size(entry, static_cast<int64_t>(content.size()));
      archive_entry_set_filetype(entry, member.ends_with('/') ? AE_IFDIR : AE_IFREG);
      archive_write_header(out, entry);
      archive_write_data(out, content.data(), content.size());
      archive_entry_free(entry);
    }
    archive_write_free(out);
    return config("webdataset", path);
  }
  static std::string picture(int shade) {
    return encode_png(Image(8, 8, static_cast<uint8_t>(shade)));
  }

  // One pass over a source: "key=caption" of each sample in its order; nothing may be corrupt.
  static std::vector<std::string> epoch(SourceConfig source, Texts texts = Texts::kCaptionOrTurns) {
    source.shuffle = 0;
    StreamOptions options;
    options.decode = source.format != "lines" && source.format != "parquet";
    options.texts = texts;
    SampleStream stream(source, 1, {}, options);
    std::vector<std::string> samples;
    while (stream.position().epoch == 0) {
      const Sample sample = stream.next();
      samples.push_back(sample.key + "=" + sample.caption);
      for (const Turn& turn : sample.turns)
        samples.back() += "|" + turn.question + "|" + turn.answer;
    }
    EXPECT_EQ(stream.corrupt(), 0);
    return samples;
  }
  SourceConfig list(const std::string& format, const std::string& text,
                    const std::string& name = "list.json") const {
    auto source = config(format, write(name, text));
    source.images = fixture("images");
    return source;
  }

  std::ostringstream log_;
  std::shared_ptr<spdlog::logger> before_;
};
using Lines = std::vector<std::string>;

TEST_F(Untidy, NamesOfMembersMayHaveAnyCharactersInAnyLocale) {
  const std::string was = std::setlocale(LC_ALL, nullptr);
  for (const char* locale : {"C", "C.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    EXPECT_EQ(epoch(config("webdataset", fixture("names.tar"))),
              (Lines{"café=café is red", "cafè=cafè is green"}))
        << locale;
  }
  std::setlocale(LC_ALL, was.c_str());
}

TEST_F(Untidy, MembersOfASampleNeedNotStandSideBySide) {
  const std::string a = picture(10), b = picture(20);
  const Lines both = {"a=of a", "b=of b"};
  for (const char* name : {"s.tar", "s.tar.gz"}) {
    EXPECT_EQ(
        epoch(shard({{"a.png", a}, {"b.png", b}, {"a.txt", "of a"}, {"b.txt", "of b"}}, name)),
        both);
    EXPECT_EQ(
        epoch(shard({{"a.txt", "of a"}, {"b.txt", "of b"}, {"a.png", a}, {"b.png", b}}, name)),
        both);
  }
  EXPECT_EQ(epoch(shard({{"a.png", a},
                         {"b.png", b},
                         {"b.json", R"({"caption": "of b"})"},
                         {"a.json", R"({"caption": "of a"})"}})),
            both);
  EXPECT_EQ(said("without a caption"), 0);
}

TEST_F(Untidy, MembersMayHaveSeveralEndingsAndThePlainestOfAKindIsRead) {
  EXPECT_EQ(epoch(shard({{"a.input.jpg", picture(10)}, {"a.outputs.txt", "of a"}})),
            Lines{"a=of a"});
  const std::string wanted = picture(10);
  for (const bool last : {false, true}) {
    Untidy::Members members = {{"a.mask.png", picture(200)}, {"a.long.txt", "a long text"}};
    members.insert(last ? members.end() : members.begin(), {{"a.PNG", wanted}, {"a.TXT", "of a"}});
    const auto source = shard(members);
    EXPECT_EQ(epoch(source), Lines{"a=of a"});
    EXPECT_EQ(first_samples(source, 1)[0].image_bytes, wanted);
  }
}

TEST_F(Untidy, WhatSystemsLeaveBesideDataIsPassedOverInShards) {
  const std::string junk = "Mac OS X";
  EXPECT_EQ(epoch(shard({{"./", ""},
                         {"./._0.png", junk},
                         {"./0.png", picture(10)},
                         {"./._0.txt", junk},
                         {"./PaxHeaders.12/0.txt", "30 mtime=1"},
                         {"./0.txt", "of 0"},
                         {"__MACOSX/._0.png", junk},
                         {".DS_Store", junk},
                         {"Thumbs.db", junk},
                         {"b/desktop.ini", junk},
                         {"b/README", junk},
                         {"b/1.png", picture(20)},
                         {"b/1.txt", "of 1"}})),
            (Lines{"0=of 0", "b/1=of 1"}));
  EXPECT_EQ(log_.str(), "");
}

TEST_F(Untidy, WhatSystemsLeaveBesideDataIsPassedOverInFolders) {
  for (const char* name : {"cat/0.png", "cat/._0.png", "cat/.hidden.png", "__MACOSX/0.png",
                           ".ipynb_checkpoints/0.png", "@eaDir/0.png", "dog/1.png"})
    write("classes/" + std::string(name), picture(10));
  write("classes/.DS_Store", "x");
  EXPECT_EQ(epoch(config("imagenet", (folder_ / "classes").string())),
            (Lines{"cat/0.png=cat", "dog/1.png=dog"}));
  write("texts/a.txt", "one\n");
  write("texts/._a.txt", "Mac OS X\n");
  EXPECT_EQ(epoch(config("lines", (folder_ / "texts").string())), Lines{"byte 0=one"});
  write("hidden/.cache/b.txt", "two\n");
  EXPECT_EQ(epoch(config("lines", (folder_ / "hidden/.cache").string())), Lines{"byte 0=two"})
      << "what is asked for by name is data";
}

TEST_F(Untidy, LeftoversAreToldByEveryPartOfTheirName) {
  for (const char* name : {"._0.png", ".DS_Store", "a/.git/0.png", "__MACOSX/a/0.png", "THUMBS.DB",
                           "a/Desktop.ini", "PaxHeader/0.png", "a/PaxHeaders.123/0.png"})
    EXPECT_TRUE(is_leftover(name)) << name;
  for (const char* name : {"0.png", "./0.png", "../0.png", "a.b/c..d/0.png", "PaxHeaderless/0.png",
                           "Thumbs.db.png", ""})
    EXPECT_FALSE(is_leftover(name)) << name;
}

TEST_F(Untidy, AShardOfPicturesWithoutCaptionsSaysSoOnce) {
  const auto source = shard(
      {{"a.png", picture(10)}, {"b.png", picture(20)}, {"c.png", picture(30)}, {"c.txt", "of c"}});
  EXPECT_EQ(epoch(source), (Lines{"a=", "b=", "c=of c"}));
  EXPECT_EQ(said("s.tar: a: a picture without a caption"), 1) << log_.str();
  EXPECT_EQ(said("without a caption"), 1) << log_.str();
  epoch(source, Texts::kNone);
  EXPECT_EQ(said("without a caption"), 1) << "a tokenizer learns pictures alone";
  const std::string turns = R"({"turns": [{"question": "what?", "answer": "a"}]})";
  const auto asked = shard({{"a.png", picture(10)}, {"a.json", turns}}, "asked.tar");
  epoch(asked);
  EXPECT_EQ(said("asked.tar"), 0) << "questions are enough to understand it";
  epoch(asked, Texts::kCaption);
  EXPECT_EQ(said("asked.tar"), 1) << "but not to draw it";
}

TEST_F(Untidy, AFileThatNothingIsWantedFromLosesNoSample) {
  const auto captioned = shard({{"a.png", picture(10)},
                                {"a.txt", "of a"},
                                {"a.json", "{bad"},
                                {"b.png", picture(20)},
                                {"b.txt", "of b"},
                                {"b.json", R"({"turns": 3})"}});
  EXPECT_EQ(epoch(captioned), (Lines{"a=of a", "b=of b"}));
  EXPECT_EQ(said("the sample's caption is used"), 1) << log_.str();
  auto bare = shard({{"a.png", picture(10)}, {"a.json", "{bad"}}, "bare.tar");
  EXPECT_EQ(epoch(bare, Texts::kNone), Lines{"a="});
  EXPECT_NE(complaint([&] { epoch(bare); }).find("a.json: not valid JSON"), std::string::npos);
  auto talk = list("llava", R"([{"image": "red.jpg", "conversations": 3}])");
  EXPECT_EQ(epoch(talk, Texts::kNone), Lines{"red.jpg="});
  EXPECT_THROW(epoch(talk), Error);
  auto said = list("captions", R"([{"image": "red.jpg", "caption": 3}])");
  EXPECT_EQ(epoch(said, Texts::kNone), Lines{"red.jpg="});
  EXPECT_THROW(epoch(said), Error);
}

TEST_F(Untidy, EntriesWithoutPicturesAreLeftOutAndCounted) {
  const std::string turns = R"("conversations": [{"from": "human", "value": "a"},)"
                            R"({"from": "gpt", "value": " b\n"}])";
  const char* images[] = {R"("red.jpg")",   "null", R"("")", "[]", R"(["green.jpg", "blue.jpg"])",
                          R"(["blue.jpg"])"};
  std::string text = "[{" + turns + "}";
  for (const char* image : images)
    text += fmt::format(R"(, {{"deep": {{"image": "x"}}, "image" : {}, {}}})", image, turns);
  EXPECT_EQ(epoch(list("llava", text + "]")),
            (Lines{"red.jpg=|a|b", "green.jpg=|a|b", "blue.jpg=|a|b"}));
  EXPECT_EQ(said("4 of 7 entries do not have a picture and are left out"), 1) << log_.str();
  EXPECT_EQ(epoch(list("captions", R"([{"image": null, "caption": "a"},
      {"image": ["green.jpg", "blue.jpg"], "caption": "of two"},
      {"image": "red.jpg", "caption": "b"}])")),
            Lines{"red.jpg=b"});
  EXPECT_EQ(said("2 of 3 entries do not have one picture and are left out"), 1) << log_.str();
}

// So many that their folder is listed.
TEST_F(Untidy, PicturesThatAreMissingAreCountedBeforeTheFirstSampleAndLeftOut) {
  Json talks = Json::array(), captions = Json::object();
  make_folder(folder_ / "pictures/x");
  for (int i = 0; i < 3000; ++i) {
    const std::string name = fmt::format("x/{}.png", i);
    if (i % 100) std::ofstream(folder_ / "pictures" / name) << "x";
    const Json talk = {{{"from", "human"}, {"value", "a"}}, {{"from", "gpt"}, {"value", "b"}}};
    talks.push_back({{"image", name}, {"conversations", talk}});
    captions[name] = "a";
  }
  auto source = list("llava", talks.dump());
  source.images = (folder_ / "pictures").string();
  EXPECT_EQ(open_source(source)->parts(), 2970);
  EXPECT_EQ(said("30 of 3000 pictures are not there and left out, the last: "), 1) << log_.str();
  source = list("captions", captions.dump());
  source.images = (folder_ / "pictures").string();
  EXPECT_EQ(open_source(source)->parts(), 2970);
  EXPECT_EQ(said("30 of 3000 pictures"), 2) << log_.str();
  source.max_corrupt = 0.005;
  const std::string refused = complaint([&] { open_source(source); });
  EXPECT_NE(refused.find("more than 0.5 % corrupt samples (max_corrupt): 30 of 3000, the last: "),
            std::string::npos)
      << refused;
}

TEST_F(Untidy, CorruptSamplesAreAShareOfThoseRead) {
  SourceConfig source;
  EXPECT_LT(source.max_corrupt, 1);
  source.max_corrupt = 0.01;
  source.check_corrupt(10, 10, "x");  // of the first thousand
  source.check_corrupt(300, 30'000, "x");
  const std::string refused = complaint([&] { source.check_corrupt(301, 30'000, "x.png"); });
  EXPECT_NE(
      refused.find("more than 1 % corrupt samples (max_corrupt): 301 of 30000, the last: x.png"),
      std::string::npos)
      << refused;
  source.max_corrupt = 7;
  source.check_corrupt(7, 30'000, "x");
  EXPECT_THROW(source.check_corrupt(8, 30'000, "x"), Error);
  source.max_corrupt = 0;
  source.check_corrupt(0, 30'000, "x");
  EXPECT_THROW(source.check_corrupt(1, 30'000, "x"), Error);
}

TEST_F(Untidy, ByteOrderMarksAreNotLearned) {
  const std::string entry = R"({"image": "red.jpg", "caption": "a red card"})";
  for (const auto& [text, name] :
       {std::pair("[" + entry + "]", "a.json"), std::pair(entry + "\n", "a.jsonl"),
        std::pair(std::string(R"({"red.jpg": "a red card"})"), "b.json")})
    EXPECT_EQ(epoch(list("captions", kMark + text, name)), Lines{"red.jpg=a red card"}) << name;
  EXPECT_EQ(epoch(list("llava", kMark + "[" + R"({"image": "red.jpg", "conversations": [
      {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]})" +
                                    "]")),
            Lines{"red.jpg=|a|b"});
  EXPECT_EQ(epoch(config("lines", write("a.txt", kMark + "one\ntwo\n"))),
            (Lines{"byte 3=one", "byte 7=two"}));
  EXPECT_EQ(epoch(config("lines", write("b.jsonl", kMark + "{\"text\": \"one\"}\n"))),
            Lines{"byte 3=one"});
  auto classes = config("imagenet", fixture("folders"));
  classes.names = write("names.txt", kMark + "fire_engine fire engine\ntraffic_light  lamp \n");
  EXPECT_EQ(epoch(classes), (Lines{"fire_engine/0.png=fire engine", "traffic_light/0.png=lamp"}));
  auto shards = shard({{"a.png", picture(10)},
                       {"a.txt", kMark + "of a"},
                       {"b.png", picture(20)},
                       {"b.json", kMark + R"({"caption": "of b"})"}});
  EXPECT_EQ(epoch(shards), (Lines{"a=of a", "b=of b"}));
  shards.captions = write("anew.json", kMark + R"({"a": "anew"})");
  EXPECT_EQ(epoch(shards), (Lines{"a=anew", "b=of b"}));
  const fs::path recipe = write("recipe.yaml", kMark + "path: a.tar\n");
  SourceConfig read;
  read_config(read, read_yaml(recipe), "recipe");
  EXPECT_EQ(read.path, "a.tar");
}

TEST_F(Untidy, WhiteSpaceAroundTextsIsNotLearned) {
  const std::string turns = R"({"turns": [{"question": " what? ", "answer": "a\n"}]})";
  EXPECT_EQ(epoch(shard({{"a.png", picture(10)},
                         {"a.txt", "\r\n of a\t\n"},
                         {"a.json", turns},
                         {"b.png", picture(20)},
                         {"b.txt", " \n"},
                         {"b.json", R"({"caption": " of b "})"}})),
            (Lines{"a=of a|what?|a", "b=of b"}));
  EXPECT_EQ(epoch(list("captions", R"([{"image": "red.jpg", "caption": "\ta b\n"}])")),
            Lines{"red.jpg=a b"});
  EXPECT_EQ(epoch(config("lines", write("a.txt", "one \n \t\r\n two\r\n"))),
            (Lines{"byte 0=one", "byte 9=two"}));
}

TEST_F(Untidy, TextInParquetMayBeOfAnyKindOfString) {
  if (!complaint([] { open_source(config("parquet", fixture("text.parquet"))); }).empty())
    GTEST_SKIP() << "built without Parquet";
  for (const char* kind :
       {"string_view", "dictionary", "binary", "large_binary", "large_dictionary"}) {
    auto source = config("parquet", fixture(fmt::format("kinds/{}.parquet", kind)));
    source.shuffle = 0;
    SampleStream stream(source, 1);
    for (const int i : {0, 1, 3}) {
      EXPECT_EQ(stream.next().caption, fmt::format("Sentence {} tells of the number {}.", i, i * i))
          << kind;
    }
    EXPECT_EQ(stream.corrupt(), 1) << "row 2 is null";
  }
  auto latin = config("parquet", fixture("kinds/latin1.parquet"));
  latin.max_corrupt = 0;
  EXPECT_NE(complaint([&] { first_samples(latin, 1); }).find("row 0: no text in UTF-8"),
            std::string::npos);
}

}  // namespace
}  // namespace showo
