#include "showo/core/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "showo/core/error.h"

namespace showo {

namespace {

// A message as one line of text: what it tells of files and of other libraries drives no terminal.
class Escaped : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    const std::string text = one_line({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Escaped>();
  }
};

}  // namespace

void start_logging(bool verbose) {
  auto logger = spdlog::get("showo");
  if (!logger) logger = spdlog::stderr_color_mt("showo");
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Escaped>('*').set_pattern("%n: %^%*%$");
  logger->set_formatter(std::move(formatter));
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(logger);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

Progress::Progress(std::string title, int64_t total)
    : title_(std::move(title)),
      total_(std::max<int64_t>(total, 1)),
      visible_(::isatty(STDERR_FILENO)),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::update(int64_t done, const std::string& note) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  if (elapsed < 1 || std::chrono::duration<double>(now - last_).count() < 0.1) return;
  last_ = now;
  drawn_ = true;
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(kWidth * std::min(done, total_) / total_);
  const double left = done > 0 ? elapsed * (total_ - done) / done : 0;
  std::fputs(fmt::format("\r\033[K{} [{}{}] {}/{} {} left {}", title_, std::string(filled, '='),
                         std::string(kWidth - filled, ' '), done, total_, duration_text(left), note)
                 .c_str(),
             stderr);
}

void cut_file(const fs::path& path, uint64_t size) {
  std::error_code error;
  fs::resize_file(path, size, error);
  if (error) fail("{}: {}", path.string(), error.message());
}

namespace {

// How many of the bytes are whole lines of steps up to `last_step`. A line that is no JSON, of a
// damaged file, says nothing about steps.
size_t bytes_up_to(const std::string& text, int64_t last_step) {
  size_t at = 0;
  for (size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto line = nlohmann::json::parse(text.begin() + static_cast<int64_t>(at),
                                            text.begin() + static_cast<int64_t>(end), nullptr,
                                            /*allow_exceptions=*/false);
    const auto step = line.is_object() ? line.find("step") : line.end();
    if (step != line.end() && step->is_number() &&
        step->get<double>() > static_cast<double>(last_step))
      break;
  }
  return at;
}

}  // namespace

MetricsFile::MetricsFile(const fs::path& path, int64_t last_step)
    : path_(path), file_(nullptr, &std::fclose) {
  if (fs::exists(path)) {
    const std::string text = read_file(path);
    const size_t kept = bytes_up_to(text, last_step);
    if (kept < text.size()) cut_file(path, kept);
  }
  file_.reset(std::fopen(path.c_str(), "a"));
  if (!file_) fail("{}: {}", path.string(), std::strerror(errno));
}

void MetricsFile::write(const nlohmann::json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() ||
      std::fflush(file_.get()) != 0) {
    fail("{}: {}", path_.string(), std::strerror(errno));
  }
}

}  // namespace showo
