// Where samples come from. A source is a number of parts – a shard, a row group, a block of lines,
// one entry of a list – each read from its beginning to its end. Order, sharing among processes and
// resumption are walk.h's business and the same for all; a format is one file and one line in the
// table of formats.cpp.
#pragma once

#include <memory>
#include <optional>

#include "showo/core/config.h"
#include "showo/data/dice.h"
#include "showo/data/sample.h"

namespace showo {

struct SourceConfig {
  std::string format = "webdataset";
  std::string path;
  std::vector<std::string> paths;
  std::string images, captions, caption_key, names, column, prompts;
  bool any_name = false, classes = false;
  int64_t shuffle = 1000, threads = 0, ahead = 64;
  double max_corrupt = 0.05;
  template <class V>
  void visit(V& v) {
    v(format, "format", "captions, emoji, imagenet, lines, llava, parquet, stories or webdataset");
    v(path, "path", "file, folder, or names with braces: train-{0000..0123}.tar, {a,b}.json");
    v(paths, "paths", "more of the same");
    v(images, "images", "folder that the pictures' names are relative to");
    v(captions, "captions", "JSON of captions by key instead of the shards' own");
    v(caption_key, "caption_key", "key of the caption in JSON");
    v(names, "names", "file of class names, 'n01440764 tench, Tinca tinca' a line");
    v(any_name, "any_name", "draw one of a class's names instead of the first");
    v(classes, "classes", "emoji: one thing a picture, captioned by its name alone");
    v(column, "column", "column or key of the text");
    v(prompts, "prompts", "file of questions that captions answer, one a line");
    v(shuffle, "shuffle", "samples in the shuffling buffer; 0: in the files' order",
      between(0, 10'000'000));
    v(max_corrupt, "max_corrupt",
      "corrupt samples to pass over before giving up: below 1 a share of those read, else a number",
      at_least(0));
    v(threads, "threads", "threads that read and decode ahead; 0: none", between(0, 256));
    v(ahead, "ahead", "samples that may lie ready or in work", between(1, 1'000'000));
  }
  SourceConfig() = default;
  /// A text alone is webdataset shards.
  SourceConfig(const std::string& shards) { read_text(shards); }
  void read_text(const std::string& text) {
    *this = SourceConfig();
    path = text;
  }
  /// For messages: "llava tune.json".
  std::string title() const;
  /// Throws Error when `corrupt` samples among `read` are more than max_corrupt lets pass, `last`
  /// being what was wrong with the last. A share is at first one of a thousand samples: the first
  /// ten say little about a source.
  void check_corrupt(int64_t corrupt, int64_t read, const std::string& last) const;
};

/// A sample that cannot be used, though those after it can.
class CorruptSample : public Error {
 public:
  using Error::Error;
};

template <class... Args>
[[noreturn]] void fail_sample(fmt::format_string<Args...> format, Args&&... args) {
  throw CorruptSample(fmt::format(format, std::forward<Args>(args)...));
}

namespace data {

class PartReader {
 public:
  virtual ~PartReader() = default;
  /// The next sample, or nothing at the end. Throws CorruptSample when only this one is lost, any
  /// other Error when the rest of the part is.
  virtual std::optional<Sample> next() = 0;
};

/// Not thread-safe: one thread at a time opens and reads.
class Source {
 public:
  virtual ~Source() = default;
  virtual int64_t parts() const = 0;
  /// What the source draws by itself (a class's name, a question) follows from `seed` alone.
  virtual std::unique_ptr<PartReader> open(int64_t part, uint64_t seed) = 0;
};

/// A source whose samples can be had one by one. Each is a part, so all are shuffled as a whole.
class ListSource : public Source {
 public:
  std::unique_ptr<PartReader> open(int64_t part, uint64_t seed) final;

 private:
  virtual Sample at(int64_t index, Dice& dice) = 0;
};

}  // namespace data

/// Throws Error naming the format, or the option that it does not read; opens nothing.
void check_source(const SourceConfig& config);
/// Throws Error naming the format, option or file that cannot be used.
std::unique_ptr<data::Source> open_source(const SourceConfig& config);

}  // namespace showo
