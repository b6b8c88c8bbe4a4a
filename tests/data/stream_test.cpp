// A stream decodes pictures, skips corrupt samples up to its limit, and is the same with and
// without threads, resumed at any position.
#include "showo/data/stream.h"

#include "showo/data/prompts.h"
#include "showo/data/shards.h"
#include "showo/image/png.h"
#include "tests/data/support.h"

namespace showo {
namespace {

class Stream : public Scratch {
 protected:
  // Six pictures in two shards; the second and fifth cannot be decoded.
  SourceConfig damaged_pictures() const {
    for (int s = 0; s < 2; ++s) {
      std::vector<Sample> samples;
      for (int i = 0; i < 3; ++i) {
        std::string bytes = encode_png(Image(30, 20, static_cast<uint8_t>(40 * (3 * s + i))));
        if (i == 1) bytes.resize(bytes.size() / 2);
        samples.push_back({fmt::format("p{}", 3 * s + i), bytes, "a picture", {}, ""});
      }
      write_shard(folder_ / fmt::format("s-{}.tar", s), samples);
    }
    return config("webdataset", (folder_ / "s-{0..1}.tar").string());
  }
  static StreamOptions decoding(int side = 0) {
    StreamOptions options;
    options.decode = true;
    options.side = side;
    return options;
  }
};

TEST_F(Stream, IsTheSameWithThreadsFromEveryPositionPastCorruptSamples) {
  auto plain = damaged_pictures(), threaded = plain;
  threaded.threads = 3;
  threaded.ahead = 4;
  SampleStream reference(plain, 3, {}, decoding());
  StreamPosition start;
  for (int begin = 0; begin < 9; ++begin) {
    SampleStream whole(plain, 3, start, decoding()), ahead(threaded, 3, start, decoding());
    for (int i = 0; i < 9; ++i) {
      const Sample expected = whole.next(), found = ahead.next();
      ASSERT_EQ(found.key, expected.key) << begin << " + " << i;
      ASSERT_EQ(found.picture, expected.picture);
      ASSERT_EQ(ahead.position(), whole.position());
    }
    EXPECT_EQ(ahead.corrupt(), 2) << "each counts once, however many epochs";
    reference.next();
    start = reference.position();
  }
}

TEST_F(Stream, GivesUpAboveItsLimitAndSaysWhy) {
  auto source = damaged_pictures();
  source.max_corrupt = 1;
  SampleStream stream(source, 3, {}, decoding());
  const std::string said = complaint([&] {
    for (int i = 0; i < 6; ++i) stream.next();
  });
  EXPECT_NE(said.find("more than 1 corrupt samples (max_corrupt)"), std::string::npos) << said;
  EXPECT_NE(said.find(".tar: p"), std::string::npos) << said;
}

TEST_F(Stream, OfCorruptSamplesOnlyEndsWithinTwoEpochs) {
  write_shard(folder_ / "bad.tar", {{"a", "no picture", "", {}, ""}});
  SampleStream stream((folder_ / "bad.tar").string(), 3, {}, decoding());
  const std::string said = complaint([&] { stream.next(); });
  EXPECT_NE(said.find("corrupt samples only"), std::string::npos) << said;
}

TEST_F(Stream, DecodesAndReducesPicturesIfAsked) {
  const auto source = damaged_pictures();
  EXPECT_EQ(SampleStream(source, 3).next().picture.width, 0);
  EXPECT_EQ(SampleStream(source, 3, {}, decoding()).next().picture.width, 30);
  const Image small = SampleStream(source, 3, {}, decoding(16)).next().picture;
  EXPECT_EQ(small.width, 16);
  EXPECT_EQ(small.height, 16);
}

TEST_F(Stream, PassesOverAShardThatIsCutButNotInSilence) {
  const auto source = damaged_pictures();
  const std::string whole = read_file(folder_ / "s-1.tar");
  write("s-1.tar", whole.substr(0, 700));
  SampleStream stream(source, 3);
  for (int i = 0; i < 6; ++i) EXPECT_LT(stream.next().key, "p3");
  EXPECT_EQ(stream.corrupt(), 1);
}

TEST(Source, MayBeAPlainTextOrKeysButOnlyThoseOfItsFormat) {
  SourceConfig source;
  read_config(source, Json("a-{0..3}.tar"), "recipe");
  EXPECT_EQ(source.format, "webdataset");
  EXPECT_EQ(source.path, "a-{0..3}.tar");
  read_config(source, {{"format", "llava"}, {"path", "x.json"}, {"images", "pictures"}}, "recipe");
  EXPECT_EQ(source.title(), "llava x.json");
  source.column = "content";
  const std::string said = complaint([&] { open_source(source); });
  EXPECT_NE(said.find("'column' has no meaning here"), std::string::npos) << said;
  EXPECT_NE(
      complaint([] { open_source(config("tfrecord", "x")); }).find("expected captions, emoji"),
      std::string::npos);
  EXPECT_NE(complaint([] { open_source(config("lines", "")); }).find("'path' is missing"),
            std::string::npos);
}

TEST(SampleStream, GoesToAnyPlaceAsANewStreamWould) {
  auto source = config("webdataset", fixture("shards/photos-{0000..0002}.tar"));
  SampleStream stream(source, 1);
  for (int i = 0; i < 5; ++i) stream.next();
  const StreamPosition five = stream.position();
  const std::string sixth = stream.next().caption;
  for (int i = 0; i < 20; ++i) stream.next();
  stream.go_to(five);
  EXPECT_EQ(stream.position(), five);
  EXPECT_EQ(stream.next().caption, sixth);
  stream.go_to({7, 0, 0});
  SampleStream other(source, 1, {7, 0, 0});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(stream.next().caption, other.next().caption) << i;
}

TEST(Source, AsksQuestionsThatCaptionsAnswer) {
  auto source = config("captions", fixture("captions.json"));
  source.images = fixture("images");
  source.prompts = SHOWO_SOURCE_DIR "/configs/prompts/describe.txt";
  std::set<std::string> questions;
  SampleStream stream(source, 1);
  for (int i = 0; i < 60; ++i) {
    const Sample sample = stream.next();
    ASSERT_EQ(sample.turns.size(), 1u);
    EXPECT_EQ(sample.turns[0].answer, sample.caption);
    questions.insert(sample.turns[0].question);
  }
  EXPECT_GT(questions.size(), 5u);
}

TEST(Source, AsksThemInThePlaceOfASamplesOwn) {
  Sample sample;
  sample.caption = "a frog";
  sample.turns = {{"is there a frog?", "yes", "exists"}, {"how many?", "one", "count"}};
  class One : public data::Source {
   public:
    explicit One(Sample sample) : sample_(std::move(sample)) {}
    int64_t parts() const override { return 1; }
    std::unique_ptr<data::PartReader> open(int64_t, uint64_t) override {
      struct Reader : data::PartReader {
        explicit Reader(const Sample& sample) : sample(sample) {}
        std::optional<Sample> next() override { return std::exchange(sample, std::nullopt); }
        std::optional<Sample> sample;
      };
      return std::make_unique<Reader>(sample_);
    }

   private:
    Sample sample_;
  };
  const auto source = with_prompts(std::make_unique<One>(sample), {"what is it?"});
  const auto asked = source->open(0, 1)->next();
  ASSERT_EQ(asked->turns.size(), 1u);
  EXPECT_EQ(asked->turns[0].question, "what is it?");
  EXPECT_EQ(asked->turns[0].answer, "a frog");
}

}  // namespace
}  // namespace showo
