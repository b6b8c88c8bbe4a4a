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

// The last member ends with a whole block; two blocks of zeros, padded to 10240 bytes, follow.
size_t end_of_members(const std::string& tar) {
  return (tar.find_last_not_of('\0') + 512) / 512 * 512;
}

TEST_F(Shards, CutAnywhereAreAnErrorThatNamesTheShard) {
  write_shard(folder_ / "a.tar", samples(3));
  const std::string whole = read_file(folder_ / "a.tar");
  const size_t content = end_of_members(whole);
  std::vector<size_t> sizes = {content, content - 1, content + 1};
  for (size_t size = 100; size < content; size += 331) sizes.push_back(size);
  for (size_t size = 512; size < content; size += 512) sizes.push_back(size);
  for (const size_t size : sizes) {
    write_file_atomically(folder_ / "cut.tar", whole.substr(0, size));
    EXPECT_NE(complaint(folder_ / "cut.tar").find("cut.tar"), std::string::npos)
        << "cut at " << size;
  }
}

TEST_F(Shards, MayEndWithAnyNumberOfZeros) {
  write_shard(folder_ / "a.tar", samples(3));
  const std::string whole = read_file(folder_ / "a.tar");
  const std::string members = whole.substr(0, end_of_members(whole));
  for (const size_t zeros : {1024, 1536, 10240, 100000}) {
    write_file_atomically(folder_ / "b.tar", members + std::string(zeros, '\0'));
    EXPECT_EQ(read(folder_ / "b.tar").size(), 3u) << zeros;
  }
}

// `tar` as one gzip member of stored blocks, so that no compressor is needed.
std::string gzipped(const std::string& tar) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  uint32_t crc = ~0u;
  for (const char byte : tar) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  auto put = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
  };
  for (size_t at = 0; at < tar.size(); at += 0xffff) {
    const std::string block = tar.substr(at, 0xffff);
    const auto size = static_cast<uint32_t>(block.size());
    put(at + size == tar.size(), 1);
    put(size, 2);
    put(~size, 2);
    out += block;
  }
  put(~crc, 4);
  put(static_cast<uint32_t>(tar.size()), 4);
  return out;
}

TEST_F(Shards, MayBeCompressedButNotCut) {
  write_shard(folder_ / "a.tar", samples(3));
  const std::string whole = read_file(folder_ / "a.tar"), packed = gzipped(whole);
  write_file_atomically(folder_ / "a.tar.gz", packed);
  EXPECT_EQ(read(folder_ / "a.tar.gz").size(), 3u);
  write_file_atomically(folder_ / "cut.tar.gz", packed.substr(0, packed.size() - 9));
  EXPECT_NE(complaint(folder_ / "cut.tar.gz").find("cut.tar.gz"), std::string::npos);
  write_file_atomically(folder_ / "cut.tar.gz", gzipped(whole.substr(0, end_of_members(whole))));
  EXPECT_NE(complaint(folder_ / "cut.tar.gz").find("truncated"), std::string::npos);
}

TEST_F(Shards, ThatExpandBeyondAllMeasureAreRefused) {
  const fs::path path = folder_ / "bomb.tar.gz";
  archive* out = archive_write_new();
  archive_write_set_format_ustar(out);
  archive_write_add_filter_gzip(out);
  archive_write_open_filename(out, path.c_str());
  const std::string zeros(20 << 20, '\0');
  for (int i = 0; i < 20; ++i) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, fmt::format("{}.{}", i, i % 2 ? "bin" : "png").c_str());
    archive_entry_set_size(entry, static_cast<int64_t>(zeros.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(out, entry);
    archive_write_data(out, zeros.data(), zeros.size());
    archive_entry_free(entry);
  }
  archive_write_free(out);
  ASSERT_LT(fs::file_size(path), 1u << 20);
  const std::string said = complaint(path);
  EXPECT_NE(said.find("bomb.tar.gz: member '"), std::string::npos) << said;
  EXPECT_NE(said.find("the archive expands to more than 100 times its size"), std::string::npos)
      << said;
}

// A header alone: a hundred bytes of it must not make 200 MB of room.
TEST_F(Shards, MakeNoRoomForMoreThanTheFileCanHold) {
  fs::path path = write_member("a.png", std::string(1000, 'x'));
  std::string tar = read_file(path);
  tar.replace(124, 12, "01440000000" + std::string(1, '\0'));
  unsigned sum = 8 * ' ';
  for (size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? 0 : static_cast<uint8_t>(tar[i]);
  tar.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  write_file_atomically(path, tar);
  const std::string said = complaint(path);
  EXPECT_NE(said.find("member 'a.png' has 209715200 bytes: the archive expands"), std::string::npos)
      << said;
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

TEST_F(Shards, ThatOnlyPointIntoGitLfsAreCalledThat) {
  const fs::path path = folder_ / "pointer.tar";
  write_file_atomically(path,
                        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  EXPECT_TRUE(complaint(path).starts_with(path.string() + ": a Git LFS pointer"))
      << complaint(path);
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
