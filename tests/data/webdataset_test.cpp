// Shards written by the webdataset library, their captions' places, and how recipes name files.
#include <set>

#include "showo/data/find.h"
#include "tests/data/support.h"

namespace showo {
namespace {

StreamOptions decoding() {
  StreamOptions options;
  options.decode = true;
  return options;
}

TEST(Webdataset, ReadsWhatItsLibraryWrote) {
  const auto samples = first_samples(
      config("webdataset", fixture("shards/photos-{0000..0002}.tar")), 12, decoding());
  for (int i = 0; i < 12; ++i) EXPECT_EQ(samples[i].key, fmt::format("{:09}", i));
  EXPECT_EQ(samples[5].caption, "a green card, number 5");
  EXPECT_EQ(samples[5].picture.width, 24);
  EXPECT_GT(samples[5].picture.pixel(12, 8)[1], 150) << "green";
}

TEST(Webdataset, ReadsCompressedShardsOfAnyKindOfPicture) {
  auto source = config("webdataset", fixture("shards/captioned-0000.tar.gz"));
  const auto plain = first_samples(source, 3, decoding());
  EXPECT_EQ(plain[0].caption, "red as png");
  EXPECT_EQ(plain[1].caption, "green as webp");
  EXPECT_EQ(plain[2].caption, "blue as jpeg");
  source.caption_key = "long_caption";
  EXPECT_EQ(first_samples(source, 1)[0].caption, "a card that is all red");
}

TEST(Webdataset, WithoutTheCaptionsKeyIsSkippedAndNamed) {
  auto source = config("webdataset", fixture("shards/captioned-0000.tar.gz"));
  source.caption_key = "title";
  const std::string said = complaint([&] { first_samples(source, 1); });
  EXPECT_NE(said.find("json: 'title': expected a caption, found nothing"), std::string::npos)
      << said;
}

TEST(Webdataset, TakesCaptionsFromJsonBesideItsShards) {
  auto source = config("webdataset", fixture("shards/photos-{0000..0001}.tar"));
  source.captions = fixture("shards/recaptions.json");
  const auto samples = first_samples(source, 6);
  EXPECT_EQ(samples[0].caption, "anew: red – \"quoted\"");
  EXPECT_EQ(samples[1].caption, "a green card, number 1") << "its own, as the JSON has none";
  EXPECT_EQ(samples[5].caption, "anew: green");
  source.path = fixture("shards/photos-0001.tar");
  source.captions = fixture("shards/recaptions");  // a file a shard
  EXPECT_EQ(first_samples(source, 1)[0].caption, "anew: red");
}

class CaptionFiles : public Scratch {};

TEST_F(CaptionFiles, OfTheWrongShapeAreErrorsThatNameTheKey) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a": 3})", "'a': expected a caption, found a number"},
      {R"({"a": ["b"]})", "'a': expected a caption, found a list"},
      {R"({"a": {"b": "c"}})", "'a': expected a caption, found an object"},
      {R"(["a"])", "expected an object of captions by key, found a list"},
      {R"("a")", "expected an object of captions by key, found a text"},
      {R"({"a": "b)", "not valid JSON"},
      {"", "not valid JSON"}};
  auto source = config("webdataset", fixture("shards/photos-0000.tar"));
  for (const auto& [text, expected] : cases) {
    source.captions = write("captions.json", text);
    const std::string said = complaint([&] { open_source(source); });
    EXPECT_NE(said.find("captions.json: " + std::string(expected)), std::string::npos)
        << text << " → " << said;
  }
}

class Finding : public Scratch {};

TEST_F(Finding, ExpandsRangesAndAlternativesTogether) {
  const std::vector<std::string> expected = {"a/x-08.tar", "a/x-09.tar", "a/x-10.tar",
                                             "b/x-08.tar", "b/x-09.tar", "b/x-10.tar"};
  EXPECT_EQ(expand_braces("{a,b}/x-{08..10}.tar"), expected);
  EXPECT_EQ(expand_braces("{plain}.tar"), std::vector<std::string>{"{plain}.tar"});
  EXPECT_EQ(expand_braces("open{.tar"), std::vector<std::string>{"open{.tar"});
  EXPECT_THROW(expand_braces("{0..9999}{0..9999}"), Error);
  EXPECT_THROW(expand_braces("{0..}"), Error);
}

TEST_F(Finding, NamesEveryMissingFileAndTakesEachOnce) {
  write("s-0.tar", "");
  write("s-1.tgz", "");
  write("note.txt", "");
  auto source = config("webdataset", folder_.string());
  source.paths = {(folder_ / "s-{0..0}.tar").string()};
  EXPECT_EQ(find_files(source, {".tar", ".tgz"}).size(), 2u);
  source.paths = {(folder_ / "s-{0..2}.tar").string()};
  const std::string said = complaint([&] { find_files(source, {".tar", ".tgz"}); });
  EXPECT_NE(said.find("s-1.tar: no such file or folder, named by "), std::string::npos) << said;
}

}  // namespace
}  // namespace showo
