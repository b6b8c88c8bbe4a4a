#include "showo/train/plot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/core/error.h"
#include "showo/train/events.h"

namespace showo {
namespace {

class Plot : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("showo-plot-" + std::to_string(::getpid()));
    make_folder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void log(const std::string& text) { write_file_atomically(folder_ / "metrics.jsonl", text); }
  fs::path folder_;
};

TEST_F(Plot, ReadsWhatIsLoggedAndPassesOverALineCutShort) {
  log("{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":1.5,\"eval\":3}\n{\"step\":3,\"lo");
  const auto curves = read_curves(folder_);
  EXPECT_EQ(curves.at("loss").values, (std::vector<double>{2.5, 1.5}));
  EXPECT_EQ(curves.at("eval").steps, (std::vector<double>{2}));
  EXPECT_FALSE(curves.contains("step"));
}

TEST_F(Plot, PassesOverWhatACrashGluedTogetherAndStepsOfARunThatWentBack) {
  log("{\"step\":1,\"loss\":4}\n{\"step\":2,\"lo{\"step\":2,\"loss\":3}\n"
      "{\"step\":3,\"loss\":2}\n{\"step\":4,\"loss\":1}\n{\"step\":3,\"loss\":5}\n");
  const auto curves = read_curves(folder_);
  EXPECT_EQ(curves.at("loss").steps, (std::vector<double>{1, 3}));
  EXPECT_EQ(curves.at("loss").values, (std::vector<double>{4, 5}));
}

TEST_F(Plot, DrawsAPanelAMetric) {
  log("{\"step\":1,\"a<b\":2}\n{\"step\":2,\"a<b\":4,\"c\":7}\n");
  const auto svg = plot_svg(read_curves(folder_), {}, "run & more");
  EXPECT_NE(svg.find("a&lt;b (last 4)"), std::string::npos);
  EXPECT_NE(svg.find("c (last 7)"), std::string::npos);
  EXPECT_NE(svg.find("run &amp; more"), std::string::npos);
  EXPECT_EQ(plot_svg(read_curves(folder_), {"c"}, "run").find("a&lt;b"), std::string::npos);
}

TEST_F(Plot, NamesWhatIsMissing) {
  EXPECT_THROW(read_curves(folder_), Error);
  log("[1]\n");
  EXPECT_THROW(read_curves(folder_), Error);
  log("{\"step\":1}\n");
  EXPECT_THROW(read_curves(folder_), Error);
  log("{\"step\":1,\"loss\":2}\n");
  EXPECT_THROW(plot_svg(read_curves(folder_), {"accuracy"}, "run"), Error);
}

// TFRecord's framing: length, its checksum, the event, its checksum. The first event names the
// file's version; the bytes of its length's checksum are known.
TEST_F(Plot, EventFilesAreFramedRecords) {
  {
    EventFile events(folder_);
    events.scalar("loss", 3, 1.5);
    events.flush();
  }
  std::string bytes;
  for (const auto& item : fs::directory_iterator(folder_)) {
    EXPECT_TRUE(item.path().filename().string().starts_with("events.out.tfevents."));
    bytes = read_file(item.path());
  }
  std::vector<std::string> records;
  for (size_t at = 0; at + 12 <= bytes.size();) {
    uint64_t size;
    std::memcpy(&size, bytes.data() + at, 8);
    ASSERT_LE(at + size + 16, bytes.size());
    records.push_back(bytes.substr(at + 12, size));
    at += size + 16;
  }
  ASSERT_EQ(records.size(), 2u);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  EXPECT_NE(records[1].find("loss"), std::string::npos);
  // crc32c of the eight bytes 24, 0, 0, … masked, as TensorFlow writes it for its version record.
  EXPECT_EQ(bytes.substr(0, 12), std::string("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22", 12));
}

}  // namespace
}  // namespace showo
