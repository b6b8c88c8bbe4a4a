// What tests of benchmarks share: figures against those of the official scripts, scratch files, and
// that no damage to a file does more than throw Error.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "showo/benchmarks/benchmark.h"
#include "showo/core/error.h"

namespace showo {

inline fs::path oracle(const std::string& name) {
  return fs::path(SHOWO_SOURCE_DIR "/tests/benchmarks/oracles") / name;
}

/// Every value of `expected`, but for what stands under the keys of `left_out`, is in `got`:
/// numbers to 1e-9 relative, all else exactly. Returns how many were compared.
inline int64_t expect_agreement(const Json& expected, const Json& got,
                                const std::set<std::string>& left_out = {},
                                const std::string& where = "") {
  int64_t compared = 0;
  if (expected.is_object() && got.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      if (left_out.contains(key)) continue;
      const std::string here = where + "/" + key;
      EXPECT_TRUE(got.contains(key)) << here;
      if (got.contains(key)) compared += expect_agreement(value, got[key], left_out, here);
    }
  } else if (expected.is_array() && got.is_array() && expected.size() == got.size()) {
    for (size_t i = 0; i < expected.size(); ++i)
      compared += expect_agreement(expected[i], got[i], left_out, where + "/" + std::to_string(i));
  } else if (expected.is_number() && got.is_number()) {
    const double wanted = expected, found = got;
    EXPECT_NEAR(found, wanted, std::abs(wanted) * 1e-9) << where;
    return 1;
  } else {
    EXPECT_EQ(got, expected) << where;
    return 1;
  }
  return compared;
}

/// A folder of a test's own, removed with it.
class ScratchFolder {
 public:
  ScratchFolder() : path_(temporary_name(fs::temp_directory_path() / "showo_benchmark")) {
    make_folder(path_);
  }
  ~ScratchFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view text) const {
    make_folder((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  fs::path path_;
};

/// The message of the Error that `action` throws; empty when it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Calls `read` while `file` holds one damaged form of its text after another: whatever is thrown
/// is an Error with text. Restores the file.
template <class Read>
void expect_only_errors(const fs::path& file, const Read& read) {
  const std::string text = read_file(file);
  const std::string kSigns = "{}[]\":,\\0e-n\t\n\r\xff\xc3 ";
  const char* const kValues[] = {"null", "true", "{}",    "[]",
                                 "\"\"", "-1",   "1e308", "123456789012345678901234567890"};
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = text;
    const size_t at = random() % text.size();
    if (i % 3 == 0) damaged.resize(at);
    if (i % 3 == 1) damaged[at] = kSigns[random() % kSigns.size()];
    if (const size_t colon = text.find(':', at); i % 3 == 2 && colon != std::string::npos) {
      const size_t end = std::min(text.find_first_of(",}", colon), text.size());
      damaged.replace(colon + 1, end - colon - 1, kValues[random() % std::size(kValues)]);
    }
    std::ofstream(file, std::ios::binary) << damaged;
    try {
      (void)read();
    } catch (const Error& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace showo
