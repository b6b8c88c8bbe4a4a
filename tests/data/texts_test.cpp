// Plain text, JSON Lines and Parquet: every line once, from files of any size.
#include <chrono>
#include <set>

#include "tests/data/support.h"

namespace showo {
namespace {

std::string sentence(int i) { return fmt::format("Sentence {} tells of the number {}.", i, i * i); }

class TextSources : public Scratch {};

TEST_F(TextSources, AreTheFilesLinesWithoutEmptyOnes) {
  const auto samples = first_samples(config("lines", fixture("text.txt")), 7);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(samples[i].caption, sentence(i % 6));
}

TEST_F(TextSources, AreKeysOfJsonLines) {
  EXPECT_EQ(first_samples(config("lines", fixture("text.jsonl")), 2)[1].caption, sentence(1));
  auto source = config("lines", write("a.jsonl", "{\"body\": \"b\"}\n{\"body\": 3}\nx\n"));
  source.column = "body";
  source.max_corrupt = 2;
  source.shuffle = 0;
  SampleStream stream(source, 1);
  EXPECT_EQ(stream.next().caption, "b");
  EXPECT_EQ(stream.next().caption, "b");
  EXPECT_EQ(stream.corrupt(), 2);
  source.max_corrupt = 1;
  const std::string said = complaint([&] { first_samples(source, 2); });
  EXPECT_NE(said.find("a.jsonl: byte 26: not valid JSON"), std::string::npos) << said;
}

TEST_F(TextSources, OfSeveralBlocksGiveEachLineOnceToOneSlice) {
  std::string text;
  for (int i = 0; i < 80'000; ++i) text += fmt::format("line {} {}\n", i, std::string(i % 90, '.'));
  const auto source = config("lines", write("long.txt", text));
  ASSERT_GT(text.size(), 4u << 20) << "blocks of 1 MiB";
  for (int64_t count : {1, 3, 7}) {
    std::set<std::string> seen;
    int64_t drawn = 0;
    for (int64_t index = 0; index < count; ++index) {
      StreamOptions options;
      options.slice = {index, count};
      SampleStream stream(source, 1, {}, options);
      for (; stream.position().epoch == 0; ++drawn) seen.insert(stream.next().caption);
    }
    EXPECT_EQ(drawn, 80'000) << count;
    EXPECT_EQ(seen.size(), 80'000u) << count;
  }
}

TEST_F(TextSources, ThatHoldNothingAreErrors) {
  EXPECT_NE(complaint([&] { open_source(config("lines", write("a.txt", ""))); }).find("no samples"),
            std::string::npos);
  EXPECT_THROW(first_samples(config("lines", write("b.txt", "\n\r\n\n")), 1), Error);
}

bool has_parquet() {
  return complaint([] { open_source(config("parquet", fixture("text.parquet"))); }).empty();
}

// A gigabyte without a line break. Were each of its 1024 blocks searched to the file's end, that
// would be half a terabyte.
TEST_F(TextSources, WithoutLineBreaksAreNotSearchedToTheirEndForEveryBlock) {
  const std::string path = write("long.txt", "x");
  fs::resize_file(path, int64_t{1} << 30);
  auto source = open_source(config("lines", path));
  ASSERT_EQ(source->parts(), 1024);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t part = 1; part < source->parts(); ++part)
    EXPECT_FALSE(source->open(part, 1)->next().has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  const std::string said = complaint([&] { source->open(0, 1)->next(); });
  EXPECT_NE(said.find("long.txt: byte 0: a line of more than 67108864 bytes"), std::string::npos)
      << said;
}

// One text of 6 MB that its dictionary holds once and 1000 rows name.
TEST_F(TextSources, InParquetThatStandForMuchMoreMemoryAreErrors) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const auto source = config("parquet", fixture("repeated.parquet"));
  ASSERT_LT(fs::file_size(source.path), 100'000u);
  const std::string said = complaint([&] { open_source(source)->open(0, 1)->next(); });
  EXPECT_NE(said.find("repeated.parquet: row group 0: "), std::string::npos) << said;
}

TEST_F(TextSources, InParquetAreItsRowGroupsOneByOne) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  auto source = config("parquet", fixture("text.parquet"));
  source.shuffle = 0;
  SampleStream stream(source, 1);
  for (int i = 0; i < 12; ++i) {
    if (i == 7) continue;
    EXPECT_EQ(stream.next().caption, sentence(i));
    if (i == 4) {
      EXPECT_EQ(stream.position(), (StreamPosition{0, 1, 0})) << "groups of five rows";
    }
  }
  EXPECT_EQ(stream.corrupt(), 1) << "row 7 is null";
  source.path = fixture("large.parquet");
  EXPECT_EQ(first_samples(source, 2)[1].caption, sentence(1)) << "64-bit offsets";
}

TEST_F(TextSources, InParquetGoOnFromEveryPosition) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const auto source = config("parquet", fixture("text.parquet"));
  SampleStream whole(source, 1);
  for (int i = 0; i < 24; ++i) {
    SampleStream resumed(source, 1, whole.position());
    EXPECT_EQ(resumed.next().caption, whole.next().caption);
  }
}

TEST_F(TextSources, InParquetThatIsDamagedAreErrors) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const std::string whole = read_file(fixture("text.parquet"));
  for (size_t size = 0; size < whole.size(); size += 61) {
    const auto source = config("parquet", write("cut.parquet", whole.substr(0, size)));
    const std::string said = complaint([&] { open_source(source); });
    EXPECT_NE(said.find("cut.parquet"), std::string::npos) << size << " → " << said;
  }
  for (size_t at = 4; at < whole.size(); at += 13) {  // whatever is read, no other exception
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x5a);
    const auto source = config("parquet", write("changed.parquet", bytes));
    complaint([&] { first_samples(source, 11); });
  }
  auto source = config("parquet", fixture("large.parquet"));
  source.column = "text";
  EXPECT_NE(
      complaint([&] { first_samples(source, 1); }).find("no column 'text'; its columns: content"),
      std::string::npos);
  source.column = "number";
  EXPECT_NE(complaint([&] { first_samples(source, 1); }).find("column 'number' holds int64"),
            std::string::npos);
}

TEST_F(TextSources, InParquetWithoutTheLibraryNameTheOption) {
  if (has_parquet()) GTEST_SKIP() << "built with Parquet";
  const std::string said =
      complaint([] { open_source(config("parquet", fixture("text.parquet"))); });
  EXPECT_NE(said.find("SHOWO_PARQUET"), std::string::npos) << said;
}

}  // namespace
}  // namespace showo
