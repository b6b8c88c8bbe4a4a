// What a written folder may take the place of, and that nothing written is lost by a crash.
#include "showo/core/folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "showo/core/error.h"
#include "showo/core/files.h"

namespace {
std::function<void(const std::string& path)> on_sync;
}  // namespace

// In place of the C library's: tells what is synced.
extern "C" int fsync(int fd) {
  std::error_code ignored;
  if (on_sync) on_sync(showo::fs::read_symlink(fmt::format("/proc/self/fd/{}", fd), ignored));
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace showo {
namespace {

class Folders : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("showo-folders-{}", ::getpid());
    fs::remove_all(folder_);
    make_folder(folder_);
    folder_ = fs::canonical(folder_);
    out_ = folder_ / "out";
  }
  void TearDown() override {
    on_sync = nullptr;
    fs::remove_all(folder_);
  }

  static void fill(const fs::path& folder) {
    make_folder(folder / "inner");
    write_file_atomically(folder / "config.json", "{}");
    write_file_atomically(folder / "inner" / "file", "content");
  }
  // The Error's message, or "" when the folder was written.
  std::string save(Replace replace = Replace::kOwn) const {
    try {
      write_folder_atomically(out_, fill, replace);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  int count() const { return static_cast<int>(std::distance(fs::directory_iterator(folder_), {})); }
  fs::path folder_, out_;
};

TEST_F(Folders, AreRemovedWithAllThatIsInThemButNotWhatLinksPointTo) {
  fill(folder_ / "kept");
  make_folder(out_ / "a" / "b" / "c");
  fill(out_ / "a" / "b");
  fs::create_directory_symlink(folder_ / "kept", out_ / "a" / "link");
  fs::create_symlink(folder_ / "nowhere", out_ / "broken");
  remove_tree(out_);
  EXPECT_FALSE(fs::exists(fs::symlink_status(out_)));
  EXPECT_TRUE(fs::exists(folder_ / "kept" / "inner" / "file"));
  fs::create_directory_symlink(folder_ / "kept", out_);
  remove_tree(out_);
  EXPECT_FALSE(fs::exists(fs::symlink_status(out_)));
  EXPECT_TRUE(fs::exists(folder_ / "kept" / "config.json"));
  remove_tree(folder_ / "kept" / "config.json");
  EXPECT_FALSE(fs::exists(folder_ / "kept" / "config.json"));
  remove_tree(folder_ / "nothing");
}

TEST_F(Folders, TakeThePlaceOfAnEmptyOneAndOfTheirOwn) {
  make_folder(out_);
  EXPECT_EQ(save(), "");
  EXPECT_EQ(save(), "");
  EXPECT_EQ(read_file(out_ / "inner" / "file"), "content");
  EXPECT_EQ(count(), 1);
}

TEST_F(Folders, TakeThePlaceOfNothingElse) {
  make_folder(out_);
  write_file_atomically(out_ / "thesis.txt", "years of work");
  const std::string message = save();
  EXPECT_TRUE(message.starts_with(out_.string() + ": holds 'thesis.txt', ")) << message;
  EXPECT_EQ(read_file(out_ / "thesis.txt"), "years of work");
  EXPECT_EQ(save(Replace::kAnything), "");
  EXPECT_FALSE(fs::exists(out_ / "thesis.txt"));
  EXPECT_EQ(count(), 1);
}

TEST_F(Folders, WithTheSameNamesThatThisProgramDidNotWriteStay) {
  fill(out_);
  EXPECT_NE(save().find("holds '"), std::string::npos);
}

TEST_F(Folders, ToWhichSomethingWasAddedStay) {
  for (const fs::path name : {"thesis.txt", "config2.json", "inner/thesis.txt", "other/empty"}) {
    EXPECT_EQ(save(), "");
    make_folder((out_ / name).parent_path());
    write_file_atomically(out_ / name, "years of work");
    EXPECT_NE(save().find("holds '" + name.begin()->string()), std::string::npos) << name;
    EXPECT_TRUE(fs::exists(out_ / name));
    fs::remove_all(out_);
  }
}

TEST_F(Folders, InWhichSomethingWasChangedStay) {
  ASSERT_EQ(save(), "");
  write_file_atomically(out_ / "inner" / "file", "changed");
  fs::last_write_time(out_ / "inner" / "file",
                      fs::last_write_time(out_ / "config.json") + std::chrono::seconds(5));
  EXPECT_NE(save().find("holds 'inner/file'"), std::string::npos);
}

TEST_F(Folders, WrittenIntoOneAnotherAreOneOfThem) {
  const auto nested = [&] {
    write_folder_atomically(out_, [](const fs::path& temporary) {
      write_folder_atomically(temporary / "part", fill);
      write_file_atomically(temporary / "part" / "more", "");
    });
  };
  EXPECT_NO_THROW(nested());
  EXPECT_NO_THROW(nested());
  EXPECT_NO_THROW(write_folder_atomically(out_ / "part", fill, Replace::kAnything));
  EXPECT_NO_THROW(nested());
  // One that was moved there is not.
  write_folder_atomically(folder_ / "precious", fill);
  fs::rename(folder_ / "precious", out_ / "precious");
  EXPECT_NE(save().find("holds 'precious'"), std::string::npos);
}

TEST_F(Folders, ThatALinkNamesAreReplacedThere) {
  make_folder(folder_ / "disk" / "out");
  fs::create_directory_symlink(folder_ / "disk" / "out", out_);
  EXPECT_EQ(save(), "");
  EXPECT_TRUE(fs::is_symlink(out_));
  EXPECT_TRUE(fs::exists(folder_ / "disk" / "out" / "config.json"));
}

TEST_F(Folders, WithTheLongestNamesAreWritten) {
  out_ = folder_ / std::string(255, 'n');
  EXPECT_EQ(save(), "");
  EXPECT_EQ(save(), "");
  EXPECT_EQ(count(), 1);
}

TEST_F(Folders, AreApartOrNot) {
  make_folder(folder_ / "model" / "codec");
  make_folder(folder_ / "model8");
  fs::create_directory_symlink(folder_ / "model", folder_ / "link");
  fs::create_directory_symlink(folder_ / "model" / "codec", folder_ / "codec");
  const auto apart = [&](const fs::path& written, const fs::path& read) {
    try {
      check_apart(folder_ / written, folder_ / read);
    } catch (const UsageError&) {
      return false;
    }
    return true;
  };
  for (const auto& [written, read] : {std::pair{"model/fp16", "model"},
                                      {"model/a/b/c", "model"},
                                      {"model", "model"},
                                      {"model/", "link"},
                                      {"link/fp16", "model"},
                                      {"codec/fp16", "model"},
                                      {"other/../model/fp16", "model"},
                                      {"model", "model/codec"},
                                      {"model", "codec"}})
    EXPECT_FALSE(apart(written, read)) << written << " " << read;
  for (const auto& [written, read] : {std::pair{"model8", "model"},
                                      {"model", "model8"},
                                      {"mode", "model"},
                                      {"model/../fp16", "model"},
                                      {"new/fp16", "link"}})
    EXPECT_TRUE(apart(written, read)) << written << " " << read;
}

TEST_F(Folders, AreOnTheDiskBeforeAndAfterTheyTakeTheirPlace) {
  std::vector<std::string> before, after;
  on_sync = [&](const std::string& path) { (fs::exists(out_) ? after : before).push_back(path); };
  write_folder_atomically(out_, [](const fs::path& temporary) {
    fill(temporary);
    fs::copy_file(temporary / "config.json", temporary / "inner" / "copied");
  });
  EXPECT_EQ(after, std::vector{folder_.string()});
  for (const char* end : {".tmp/config.json", ".tmp/inner/copied", ".tmp/inner", ".tmp"}) {
    EXPECT_TRUE(std::ranges::any_of(before, [&](const auto& path) { return path.ends_with(end); }))
        << end;
  }
}

TEST_F(Folders, HoldTheNamesOfTheirFilesThroughACrash) {
  std::vector<std::string> after;
  on_sync = [&](const std::string& path) {
    if (fs::exists(folder_ / "file")) after.push_back(path);
  };
  write_file_atomically(folder_ / "file", "content");
  EXPECT_EQ(after, std::vector{folder_.string()});
}

}  // namespace
}  // namespace showo
