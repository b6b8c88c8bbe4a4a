// Files read whole or mapped, written whole or not at all.
#include "showo/core/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <regex>

#include "showo/core/error.h"

namespace showo {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-files-{}", ::getpid());
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  int count() const { return static_cast<int>(std::distance(fs::directory_iterator(folder_), {})); }
  fs::path folder_;
};

template <class Action>
std::string file_complaint(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(Files, ComeBackAsTheyWereWritten) {
  const fs::path path = folder_ / "é猫 name";
  std::string content(100000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31);
  for (const std::string& text : {content, std::string(), std::string("a\0b", 3)}) {
    write_file_atomically(path, text);
    EXPECT_EQ(read_file(path), text);
    EXPECT_EQ(text_of(*MappedFile::open(path)), text);
  }
  EXPECT_EQ(count(), 1);
}

TEST_F(Files, AreWrittenPieceByPiece) {
  write_file_atomically(folder_ / "pieces", [](const auto& sink) {
    for (const char* piece : {"one ", "", "two ", "three"}) sink(piece);
  });
  EXPECT_EQ(read_file(folder_ / "pieces"), "one two three");
}

TEST_F(Files, StayMappedAfterTheyAreReplaced) {
  write_file_atomically(folder_ / "file", "old content");
  const auto old = MappedFile::open(folder_ / "file");
  write_file_atomically(folder_ / "file", "new");
  EXPECT_EQ(text_of(*old), "old content");
  EXPECT_EQ(read_file(folder_ / "file"), "new");
}

TEST_F(Files, AboveTheLimitAreRefused) {
  write_file_atomically(folder_ / "file", "12345");
  EXPECT_EQ(read_file(folder_ / "file", 5), "12345");
  EXPECT_EQ(file_complaint([&] { read_file(folder_ / "file", 4); }),
            (folder_ / "file").string() + ": 5 bytes, more than the limit of 4");
}

TEST_F(Files, ThatAreNoneAreRefused) {
  const fs::path pipe = folder_ / "pipe", missing = folder_ / "missing";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& [path, expected] : {std::pair{missing, "No such file or directory"},
                                       {folder_, "expected a file, found a folder"},
                                       {pipe, "not a regular file"},
                                       {fs::path("/dev/zero"), "not a regular file"},
                                       {fs::path(), "No such file or directory"}}) {
    const std::string message = path.string() + ": " + expected;
    EXPECT_EQ(file_complaint([&, at = path] { read_file(at); }), message);
    EXPECT_EQ(file_complaint([&, at = path] { MappedFile::open(at); }), message);
  }
}

TEST_F(Files, OfTwoWritersAreOneWhole) {
  const fs::path path = folder_ / "file";
  write_file_atomically(path, [&](const auto& sink) {
    sink("first, ");
    write_file_atomically(path, "the other's");
    EXPECT_EQ(read_file(path), "the other's");
    sink("whole");
  });
  EXPECT_EQ(read_file(path), "first, whole");
  EXPECT_EQ(count(), 1);
}

TEST_F(Files, HaveTemporaryNamesThatAreKnown) {
  write_file_atomically(folder_ / "file", [&](const auto&) {
    const std::string name = fs::directory_iterator(folder_)->path().filename().string();
    EXPECT_TRUE(std::regex_match(name, std::regex("file\\.[0-9a-f]{16}\\.tmp"))) << name;
  });
}

TEST_F(Files, WithTheLongestNamesAreWritten) {
  std::string accented;
  for (int i = 0; i < 127; ++i) accented += "é";
  for (const std::string& name : {std::string(255, 'n'), accented}) {
    write_file_atomically(folder_ / name, "content");
    EXPECT_EQ(read_file(folder_ / name), "content");
  }
  EXPECT_EQ(count(), 2);
}

TEST_F(Files, StayWhenWritingFails) {
  const fs::path path = folder_ / "file";
  write_file_atomically(path, "old");
  EXPECT_THROW(write_file_atomically(path,
                                     [](const auto& sink) {
                                       sink("half of the new");
                                       throw std::runtime_error("stopped");
                                     }),
               std::runtime_error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(count(), 1);
}

// A child whose files may not grow above 4096 bytes stands for a full disk.
TEST_F(Files, StayWhenTheDiskIsFull) {
  const fs::path path = folder_ / "file";
  write_file_atomically(path, "old");
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{4096, 4096};
    std::signal(SIGXFSZ, SIG_IGN);
    const bool set = ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    const std::string message =
        file_complaint([&] { write_file_atomically(path, std::string(10000, 'x')); });
    ::_exit(set && message == path.string() + ": File too large" ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(count(), 1);
}

TEST_F(Files, ThatCannotBeWrittenAreNamed) {
  write_file_atomically(folder_ / "file", "content");
  for (const auto& [path, expected] :
       {std::pair{folder_ / "missing" / "file", "No such file or directory"},
        {folder_ / "file" / "below", "Not a directory"}}) {
    EXPECT_EQ(file_complaint([&, at = path] { write_file_atomically(at, ""); }),
              path.string() + ": " + expected);
  }
  make_folder(folder_ / "folder" / "inner");
  EXPECT_TRUE(file_complaint([&] {
                write_file_atomically(folder_ / "folder", "");
              }).starts_with((folder_ / "folder").string() + ": "));
  EXPECT_EQ(count(), 2);
}

TEST_F(Files, FoldersAreMadeWithTheirParentsOnce) {
  make_folder(folder_ / "a" / "b");
  make_folder(folder_ / "a" / "b");
  EXPECT_TRUE(fs::is_directory(folder_ / "a" / "b"));
  write_file_atomically(folder_ / "file", "");
  for (const fs::path& path : {folder_ / "file", folder_ / "file" / "below", fs::path()}) {
    EXPECT_TRUE(file_complaint([&] { make_folder(path); }).starts_with(path.string() + ": "))
        << path;
  }
}

}  // namespace
}  // namespace showo
