// What the tests of sources share: the committed fixtures (tools/make_data_fixtures.py), a source
// of numbers, and ways to run through a stream.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "showo/data/stream.h"

namespace showo {

inline std::string fixture(const std::string& name) {
  return SHOWO_SOURCE_DIR "/tests/data/fixtures/" + name;
}

/// Parts of the given sizes; samples are captioned by their number, those in `bad` are corrupt, and
/// the part `broken` breaks off after its first sample.
class Numbers : public data::Source {
 public:
  explicit Numbers(std::vector<int64_t> sizes, std::vector<int64_t> bad = {}, int64_t broken = -1)
      : sizes_(std::move(sizes)), bad_(std::move(bad)), broken_(broken) {}
  int64_t parts() const override { return static_cast<int64_t>(sizes_.size()); }
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t) override {
    int64_t first = 0;
    for (int64_t i = 0; i < part; ++i) first += sizes_[i];
    return std::make_unique<Reader>(*this, part, first, first + sizes_[part]);
  }
  int64_t samples_read = 0;

 private:
  struct Reader : data::PartReader {
    Reader(Numbers& all, int64_t part, int64_t first, int64_t end)
        : all(all), part(part), first(first), at(first), end(end) {}
    std::optional<Sample> next() override {
      if (at == end) return std::nullopt;
      const int64_t number = at++;
      if (part == all.broken_ && number > first) fail("part {}: broken", part);
      if (std::ranges::count(all.bad_, number)) fail_sample("{}: corrupt", number);
      ++all.samples_read;
      Sample sample;
      sample.caption = std::to_string(number);
      return sample;
    }
    Numbers& all;
    int64_t part, first, at, end;
  };
  std::vector<int64_t> sizes_, bad_;
  int64_t broken_;
};

inline Walk walk(std::vector<int64_t> sizes, int64_t buffer, Slice slice = {},
                 StreamPosition start = {}) {
  return Walk(std::make_unique<Numbers>(std::move(sizes)), "numbers", 7, slice, buffer, start);
}

inline SourceConfig config(const std::string& format, const std::string& path) {
  SourceConfig made;
  made.format = format;
  made.path = path;
  return made;
}

/// The first `count` samples in the files' order.
inline std::vector<Sample> first_samples(SourceConfig config, int64_t count,
                                         const StreamOptions& options = {}) {
  config.shuffle = 0;
  SampleStream stream(config, 1, {}, options);
  std::vector<Sample> samples;
  for (int64_t i = 0; i < count; ++i) samples.push_back(stream.next());
  return samples;
}

/// An Error's message, "" when there is none.
template <class Function>
std::string complaint(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Scratch : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              fmt::format("showo-{}-{}-{}", test->test_suite_name(), test->name(), ::getpid());
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& content) const {
    make_folder((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  }
  fs::path folder_;
};

}  // namespace showo
