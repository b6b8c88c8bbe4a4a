#include "showo/data/lines.h"

#include "showo/data/clean.h"
#include "showo/data/find.h"

namespace showo {
namespace {

constexpr uint64_t kBlock = 1 << 20;
constexpr size_t kMaxLine = 64 << 20;

struct Block {
  size_t file;
  uint64_t begin, end;
};

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

class Lines : public data::PartReader {
 public:
  Lines(const fs::path& path, const Block& block, std::vector<std::string> keys)
      : name_(path.string()), file_(MappedFile::open(path)), keys_(std::move(keys)) {
    // Never further than a line may reach, or a file without line breaks would be searched to its
    // end for every block.
    const std::string_view text = text_of(*file_);
    uint64_t at = block.begin;
    if (at == 0) at = text.size() - without_mark(text).size();
    if (block.begin > 0) at = after_newline(text, at - 1, block.end);
    while (at < std::min<uint64_t>(block.end, text.size())) {
      const uint64_t next = after_newline(text, at, at + kMaxLine + 1);
      std::string_view line = text.substr(at, next - at);
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
      if (!trimmed(line).empty()) lines_.push_back(line);
      at = next;
    }
  }
  void shuffle(uint64_t seed) { Dice(seed).shuffle(lines_); }

  std::optional<Sample> next() override {
    if (at_ == lines_.size()) return std::nullopt;
    const std::string_view line = lines_[at_++];
    Sample sample;
    sample.origin = name_;
    sample.key = fmt::format("byte {}", line.data() - text_of(*file_).data());
    if (line.size() > kMaxLine) {
      fail_sample("{}: {}: a line of more than {} bytes", name_, sample.key, kMaxLine);
    }
    sample.caption = keys_.empty() ? std::string(line) : value_in(line, sample.key);
    return sample;
  }

 private:
  // `end` when there is none before it.
  static uint64_t after_newline(std::string_view text, uint64_t at, uint64_t end) {
    end = std::min<uint64_t>(end, text.size());
    const size_t found = text.substr(at, end - at).find('\n');
    return found == std::string_view::npos ? end : at + found + 1;
  }
  std::string value_in(std::string_view line, const std::string& key) const {
    Json json;
    try {
      json = parse_json(std::string(line), name_ + ": " + key);
    } catch (const Error& error) {
      throw CorruptSample(error.what());
    }
    for (const auto& name : keys_) {
      if (json.is_object() && json.contains(name) && json[name].is_string()) return json[name];
    }
    fail_sample("{}: {}: expected text under '{}'", name_, key, keys_.front());
  }

  std::string name_;
  std::shared_ptr<const MappedFile> file_;
  std::vector<std::string> keys_;  // the first that a JSON line has; none for plain text
  std::vector<std::string_view> lines_;
  size_t at_ = 0;
};

class LineFiles : public data::Source {
 public:
  explicit LineFiles(const SourceConfig& config)
      : files_(find_files(config, {".txt", ".jsonl"})), config_(config) {
    for (size_t i = 0; i < files_.size(); ++i) {
      const uint64_t size = MappedFile::open(files_[i])->bytes().size();
      for (uint64_t at = 0; at < size; at += kBlock) blocks_.push_back({i, at, at + kBlock});
    }
  }
  int64_t parts() const override { return static_cast<int64_t>(blocks_.size()); }
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t seed) override {
    const Block& block = blocks_[part];
    const fs::path& path = files_[block.file];
    std::vector<std::string> keys;
    if (path.extension() == ".jsonl") {
      keys = {"text", "content"};
      if (!config_.column.empty()) keys = {config_.column};
    }
    auto lines = std::make_unique<Lines>(path, block, keys);
    if (config_.shuffle > 0) lines->shuffle(seed);
    return lines;
  }

 private:
  std::vector<fs::path> files_;
  SourceConfig config_;
  std::vector<Block> blocks_;
};

}  // namespace

std::unique_ptr<data::Source> open_lines(const SourceConfig& config) {
  return std::make_unique<LineFiles>(config);
}

}  // namespace showo
