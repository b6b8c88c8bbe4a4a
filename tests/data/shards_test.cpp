// Shards hold what was written, byte for byte the same each time, and damage of any kind is an
// Error that names the shard.
#include "showo/data/shards.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <set>

#include "showo/core/error.h"
#include "showo/data/stream.h"

namespace showo {
namespace {

class Shards : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-shards-" + std::to_string(::getpid()));
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::vector<Sample> samples(int count, int first = 0) {
    std::vector<Sample> list;
    for (int i = first; i < first + count; ++i) {
      const std::string n = std::to_string(i);
      list.push_back({"key-" + n,
                      std::string(700 + i, static_cast<char>(i)),
                      "caption " + n,
                      {{"what?", "a " + n, "what"}, {"how many?", n, "count"}},
                      "{\"number\":" + n + "}"});
    }
    return list;
  }
  static std::vector<Sample> read(const fs::path& path) {
    std::vector<Sample> list;
    ShardReader reader(path);
    while (auto sample = reader.next()) list.push_back(std::move(*sample));
    return list;
  }
  // What reading says: the Error's message, or "" when it succeeds. Any other exception fails the
  // test.
  static std::string complaint(const fs::path& path) {
    try {
      read(path);
    } catch (const Error& error) {
      return error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "not an Error: " << error.what();
    }
    return "";
  }
  fs::path write_member(const std::string& name, const std::string& content) const {
    const fs::path path = folder_ / "one.tar";
    archive* out = archive_write_new();
    archive_write_set_format_ustar(out);
    archive_write_open_filename(out, path.c_str());
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(out, entry);
    archive_write_data(out, content.data(), content.size());
    archive_entry_free(entry);
    archive_write_free(out);
    return path;
  }
  fs::path folder_;
};

TEST_F(Shards, GiveBackWhatWasWritten) {
  const auto written = samples(9);
  write_shard(folder_ / "a.tar", written);
  const auto found = read(folder_ / "a.tar");
  ASSERT_EQ(found.size(), written.size());
  for (size_t i = 0; i < written.size(); ++i) {
    EXPECT_EQ(found[i].key, written[i].key);
    EXPECT_EQ(found[i].image_bytes, written[i].image_bytes);
    EXPECT_EQ(found[i].caption, written[i].caption);
    ASSERT_EQ(found[i].turns.size(), 2u);
    EXPECT_EQ(found[i].turns[1].question, "how many?");
    EXPECT_EQ(found[i].turns[1].answer, std::to_string(i));
    EXPECT_EQ(found[i].turns[1].type, "count");
    EXPECT_EQ(parse_json(found[i].metadata, "metadata").at("number"), i);
  }
}

TEST_F(Shards, AreTheSameBytesForTheSameSamples) {
  write_shard(folder_ / "a.tar", samples(5));
  write_shard(folder_ / "b.tar", samples(5));
  EXPECT_EQ(read_file(folder_ / "a.tar"), read_file(folder_ / "b.tar"));
}

TEST_F(Shards, CutAnywhereInsideAMemberAreAnErrorThatNamesTheShard) {
  write_shard(folder_ / "a.tar", samples(3));
  const std::string whole = read_file(folder_ / "a.tar");
  const size_t content = whole.find_last_not_of('\0');
  for (size_t size = 100; size < content; size += 331) {
    if (size % 512 == 0) continue;
    write_file_atomically(folder_ / "cut.tar", whole.substr(0, size));
    EXPECT_NE(complaint(folder_ / "cut.tar").find("cut.tar"), std::string::npos)
        << "cut at " << size;
  }
}

TEST_F(Shards, WithADamagedHeaderAreAnErrorThatNamesTheShard) {
  write_shard(folder_ / "a.tar", samples(3));
  std::string bytes = read_file(folder_ / "a.tar");
  const size_t second = bytes.find("key-1.png");
  ASSERT_NE(second, std::string::npos);
  for (size_t i = 0; i < 100; ++i) bytes[second + 100 + i] = static_cast<char>(0xa5);
  write_file_atomically(folder_ / "bad.tar", bytes);
  EXPECT_NE(complaint(folder_ / "bad.tar").find("bad.tar"), std::string::npos);
}

TEST_F(Shards, ThatAreNoArchivesOrMissingAreErrors) {
  write_file_atomically(folder_ / "text.tar", std::string(5000, 'x'));
  EXPECT_NE(complaint(folder_ / "text.tar").find("text.tar"), std::string::npos);
  EXPECT_NE(complaint(folder_ / "absent.tar").find("absent.tar"), std::string::npos);
}

TEST_F(Shards, WithTurnsOfTheWrongShapeAreErrorsThatNameTheMember) {
  for (const char* json :
       {"{", "{\"turns\":3}", "{\"turns\":[3]}", "{\"turns\":[{\"question\":\"q\"}]}",
        "{\"turns\":[{\"question\":1,\"answer\":\"a\"}]}",
        "{\"turns\":[{\"question\":\"q\",\"answer\":\"a\",\"type\":7}]}"}) {
    const std::string said = complaint(write_member("x.json", json));
    EXPECT_NE(said.find("x.json"), std::string::npos) << json << " → " << said;
  }
}

TEST_F(Shards, AreFoundByFolderFileAndRange) {
  for (const char* name : {"t-0001.tar", "t-0000.tar", "t-0002.tar", "note.txt"})
    write_file_atomically(folder_ / name, "x");
  const std::vector<fs::path> all = {folder_ / "t-0000.tar", folder_ / "t-0001.tar",
                                     folder_ / "t-0002.tar"};
  EXPECT_EQ(find_shards(folder_.string()), all);
  EXPECT_EQ(find_shards((folder_ / "t-{0000..0002}.tar").string()), all);
  EXPECT_EQ(find_shards(all[1].string()), std::vector<fs::path>{all[1]});
  const std::string above = (folder_ / ".." / folder_.filename() / "t-{0000..0001}.tar").string();
  EXPECT_EQ(find_shards(above).size(), 2u) << "a '..' before the range belongs to the path";
}

TEST_F(Shards, ThatCannotBeFoundAreErrors) {
  for (const char* pattern : {"none", "t-{a..b}.tar", "t-{3..1}.tar", "t-{0..999999999}.tar"}) {
    EXPECT_THROW(find_shards((folder_ / pattern).string()), Error) << pattern;
  }
}

TEST_F(Shards, StreamGivesEachSampleOnceAnEpochAndOrdersEpochsAnew) {
  for (int s = 0; s < 3; ++s) write_shard(folder_ / fmt::format("t-{}.tar", s), samples(5, 5 * s));
  SampleStream stream(folder_.string(), 7);
  std::vector<std::string> epochs[2];
  for (auto& epoch : epochs) {
    for (int i = 0; i < 15; ++i) epoch.push_back(stream.next().key);
    EXPECT_EQ(std::set<std::string>(epoch.begin(), epoch.end()).size(), 15u);
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST_F(Shards, StreamGoesOnFromAnyPosition) {
  for (int s = 0; s < 2; ++s) write_shard(folder_ / fmt::format("t-{}.tar", s), samples(4, 4 * s));
  for (int start = 0; start < 20; ++start) {
    SampleStream whole(folder_.string(), 7);
    for (int i = 0; i < start; ++i) whole.next();
    SampleStream resumed(folder_.string(), 7, whole.position());
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(resumed.next().key, whole.next().key) << start << " + " << i;
  }
}

}  // namespace
}  // namespace showo
