// What was saved before stays until what follows it is whole, and whoever has it open keeps it.
#include <ATen/ATen.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstddef>

#include "showo/checkpoint/weights_folder.h"
#include "showo/core/folder.h"
#include "tests/checkpoint/scratch.h"

namespace showo {
namespace {

at::Tensor filled(double value) { return at::full({5000}, value); }

// Stands for a full disk: files may not grow above 4096 bytes.
bool fill_the_disk() {
  const rlimit limit{4096, 4096};
  std::signal(SIGXFSZ, SIG_IGN);
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

// Stands for a file system that cannot exchange two names.
bool forbid_exchanges() {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{std::size(code), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class Saving : public Scratch {
 protected:
  static void save(const fs::path& folder, double value) {
    write_folder_atomically(folder, [&](const fs::path& temporary) {
      write_file_atomically(temporary / fmt::format("{}.json", value), "{}");
      write_safetensors(temporary / "model.safetensors", {{"x", filled(value)}});
    });
  }
  // The folder holds what save() wrote, and nothing lies beside it.
  void expect_saved(const fs::path& folder, double value) const {
    EXPECT_TRUE(read_weights(folder).at("x").equal(filled(value)));
    EXPECT_TRUE(fs::exists(folder / fmt::format("{}.json", value)));
    EXPECT_TRUE(fs::exists(folder / ".showo-files"));  // the list of these two
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 3);
    EXPECT_EQ(count(), 1);
  }
};

TEST_F(Saving, LeavesReadersOfTheOldFileAlone) {
  const auto path = folder_ / "file";
  write_safetensors(path, {{"x", filled(1)}});
  const auto old = read_safetensors(path).tensors.at("x");
  write_safetensors(path, {{"x", filled(2)}});
  EXPECT_TRUE(old.equal(filled(1)));
  EXPECT_TRUE(read_safetensors(path).tensors.at("x").equal(filled(2)));
  write_safetensors(path, {{"x", old}});  // from the map of a file that has no name any more
  EXPECT_TRUE(read_safetensors(path).tensors.at("x").equal(filled(1)));
  EXPECT_EQ(count(), 1);
}

TEST_F(Saving, KeepsTheOldFileWhenTheDiskIsFull) {
  const auto path = folder_ / "file";
  write_safetensors(path, {{"x", filled(1)}});
  const TensorMap next = {{"x", filled(2)}};
  EXPECT_EQ(in_child([&] {
              const bool full = fill_the_disk();
              const auto message = complaint([&] { write_safetensors(path, next); });
              return full && message == path.string() + ": File too large" ? 0 : 1;
            }),
            0);
  EXPECT_TRUE(read_safetensors(path).tensors.at("x").equal(filled(1)));
  EXPECT_EQ(count(), 1);
}

TEST_F(Saving, KeepsTheOldFileWhenTensorsCannotBeWritten) {
  const auto path = folder_ / "file";
  write_safetensors(path, {{"x", filled(1)}});
  for (const auto& [tensors, expected] : std::initializer_list<std::pair<TensorMap, std::string>>{
           {{{"y", at::zeros({2}, at::kComplexFloat)}},
            "tensor 'y': its dtype cannot be written to safetensors"},
           {{{"__metadata__", filled(2)}}, ": no tensor can have the name '__metadata__'"},
           {{{"\xff", filled(2)}}, ": a name is not valid UTF-8"}}) {
    const std::string message = complaint([&] { write_safetensors(path, tensors); });
    EXPECT_NE(message.find(expected), std::string::npos) << message;
  }
  EXPECT_TRUE(read_safetensors(path).tensors.at("x").equal(filled(1)));
  EXPECT_EQ(count(), 1);
}

TEST_F(Saving, NamesTheFileThatCannotBeWritten) {
  const auto path = folder_ / "missing" / "file";
  EXPECT_TRUE(complaint([&] {
                write_safetensors(path, {{"x", filled(1)}});
              }).starts_with(path.string()));
}

TEST_F(Saving, PutsAWholeFolderInPlaceOfTheOld) {
  const auto folder = folder_ / "folder";
  save(folder, 1);
  expect_saved(folder, 1);
  const auto old = read_weights(folder).at("x");
  save(folder / "", 2);
  expect_saved(folder, 2);
  EXPECT_TRUE(old.equal(filled(1)));
}

TEST_F(Saving, MakesTheParentsOfAFolder) {
  save(folder_ / "a" / "b" / ".." / "c", 1);
  expect_saved(folder_ / "a" / "c", 1);
}

TEST_F(Saving, PutsAFolderInPlaceWhereNamesCannotBeExchanged) {
  const auto folder = folder_ / "folder";
  save(folder, 1);
  const int status = in_child([&] {
    if (!forbid_exchanges()) return 2;
    return complaint([&] { save(folder, 2); }).empty() ? 0 : 1;
  });
  if (status == 2) GTEST_SKIP() << "no system call can be forbidden here";
  EXPECT_EQ(status, 0);
  expect_saved(folder, 2);
}

TEST_F(Saving, KeepsTheOldFolderWhenTheDiskIsFull) {
  const auto folder = folder_ / "folder";
  save(folder, 1);
  EXPECT_EQ(in_child([&] {
              const bool full = fill_the_disk();
              const auto message = complaint([&] { save(folder, 2); });
              return full && message.ends_with("model.safetensors: File too large") ? 0 : 1;
            }),
            0);
  expect_saved(folder, 1);
}

TEST_F(Saving, KeepsTheOldFolderWhenFillingItFails) {
  const auto folder = folder_ / "folder";
  save(folder, 1);
  auto fail_with = [&](auto error) {
    write_folder_atomically(folder, [&](const fs::path& temporary) {
      write_file_atomically(temporary / "half", "");
      throw error;
    });
  };
  EXPECT_THROW(fail_with(std::runtime_error("stopped")), std::runtime_error);
  expect_saved(folder, 1);
  EXPECT_EQ(
      complaint([&] {
        fail_with(fs::filesystem_error("", std::make_error_code(std::errc::no_space_on_device)));
      }),
      folder.string() + ": No space left on device");
  expect_saved(folder, 1);
}

TEST_F(Saving, RefusesWhatIsNoFolder) {
  const auto file = write("file", "content");
  EXPECT_EQ(complaint([&] { save(file, 1); }), file.string() + ": expected a folder, found a file");
  EXPECT_FALSE(complaint([&] { save(file / "below", 1); }).empty());
  EXPECT_FALSE(complaint([&] { save("", 1); }).empty());
  EXPECT_EQ(read_file(file), "content");
  EXPECT_EQ(count(), 1);
}

}  // namespace
}  // namespace showo
