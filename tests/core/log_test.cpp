// What a run leaves behind: metrics as JSON lines, durations as people read them.
#include "showo/core/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/core/error.h"

namespace showo {
namespace {

TEST(DurationText, NamesTheTwoLargestUnits) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(35.4), "35 s");
  EXPECT_EQ(duration_text(59.5), "1 min 00 s");
  EXPECT_EQ(duration_text(605), "10 min 05 s");
  EXPECT_EQ(duration_text(3720), "1 h 02 min");
  EXPECT_EQ(duration_text(360000), "100 h 00 min");
}

TEST(MetricsFile, AppendsOneFlushedLineACall) {
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-{}.jsonl", ::getpid());
  {
    MetricsFile metrics(path);
    metrics.write({{"step", 1}, {"loss", 0.5}});
    EXPECT_EQ(read_file(path), "{\"loss\":0.5,\"step\":1}\n");
  }
  MetricsFile(path).write({{"text", "two\nlines"}});
  EXPECT_EQ(read_file(path), "{\"loss\":0.5,\"step\":1}\n{\"text\":\"two\\nlines\"}\n");
  fs::remove(path);
}

TEST(MetricsFile, NamesThePathThatCannotBeOpened) {
  const fs::path path = fs::temp_directory_path() / "showo-missing" / "metrics.jsonl";
  try {
    MetricsFile metrics(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
  }
}

// What a message tells of a file is one line of text, whatever the file says.
TEST(Logging, DrivesNoTerminalAndForgesNoLine) {
  const fs::path path = fs::temp_directory_path() / fmt::format("showo-log-{}", ::getpid());
  start_logging();
  const int before = ::dup(STDERR_FILENO), file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  ::dup2(file, STDERR_FILENO);
  spdlog::warn("shard '{}': no caption", "a\x1b[31mb\r\nshowo: all is well");
  spdlog::default_logger()->flush();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(file);
  EXPECT_EQ(read_file(path), "showo: shard 'a\\x1b[31mb\\r\\nshowo: all is well': no caption\n");
  fs::remove(path);
}

}  // namespace
}  // namespace showo
