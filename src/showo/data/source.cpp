#include "showo/data/source.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "showo/data/formats.h"

namespace showo {
namespace {

// The options of every format; `prompts` has an effect where samples have captions.
const char* const kCommon[] = {"format",  "path",        "paths",   "prompts",
                               "shuffle", "max_corrupt", "threads", "ahead"};

// An option that its format does not read would be passed over in silence.
void refuse_foreign_options(const SourceConfig& config, const Format& format) {
  const Json given = config_to_json(config), defaults = config_to_json(SourceConfig());
  for (const auto& [key, value] : given.items()) {
    if (value == defaults.at(key) || std::ranges::count(kCommon, key) ||
        std::ranges::count(format.options, key)) {
      continue;
    }
    fail("source of format {}: option '{}' has no meaning here; this format's own: {}", format.name,
         key, format.options.empty() ? "none" : fmt::format("{}", fmt::join(format.options, ", ")));
  }
}

const Format& format_of(const SourceConfig& config) {
  std::vector<std::string> names;
  for (const Format& format : formats()) {
    if (config.format == format.name) return format;
    names.emplace_back(format.name);
  }
  fail("source: format '{}': expected {}", config.format, fmt::join(names, ", "));
}

class OneSample : public data::PartReader {
 public:
  explicit OneSample(Sample sample) : sample_(std::move(sample)) {}
  std::optional<Sample> next() override { return std::exchange(sample_, std::nullopt); }

 private:
  std::optional<Sample> sample_;
};

class Questions : public data::Source {
 public:
  Questions(std::unique_ptr<data::Source> source, std::vector<std::string> questions)
      : source_(std::move(source)), questions_(std::move(questions)) {}
  int64_t parts() const override { return source_->parts(); }
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t seed) override {
    return std::make_unique<Reader>(source_->open(part, derive_seed(seed, 0)), questions_,
                                    Dice(derive_seed(seed, 1)));
  }

 private:
  struct Reader : data::PartReader {
    Reader(std::unique_ptr<data::PartReader> in, const std::vector<std::string>& questions,
           Dice dice)
        : in(std::move(in)), questions(questions), dice(dice) {}
    std::optional<Sample> next() override {
      auto sample = in->next();
      if (sample && !sample->caption.empty())
        sample->turns = {{questions[dice.below(questions.size())], sample->caption, ""}};
      return sample;
    }
    std::unique_ptr<data::PartReader> in;
    const std::vector<std::string>& questions;
    Dice dice;
  };
  std::unique_ptr<data::Source> source_;
  std::vector<std::string> questions_;
};

}  // namespace

const std::vector<Format>& formats() {
  static const std::vector<Format> table = {
      {"captions", open_captions, {"images", "caption_key"}},
      {"emoji", open_emoji, {"classes"}},
      {"imagenet", open_imagenet, {"names", "any_name"}},
      {"lines", open_lines, {"column"}},
      {"llava", open_llava, {"images"}},
      {"parquet", open_parquet, {"column"}},
      {"webdataset", open_webdataset, {"captions", "caption_key"}},
  };
  return table;
}

std::string SourceConfig::title() const {
  const std::string& first = path.empty() && !paths.empty() ? paths.front() : path;
  return format + " " + first;
}

void SourceConfig::check_corrupt(int64_t corrupt, int64_t read, const std::string& last) const {
  constexpr int64_t kAtFirst = 1000;
  const bool is_share = max_corrupt < 1;
  const double most =
      is_share ? max_corrupt * static_cast<double>(std::max(read, kAtFirst)) : max_corrupt;
  if (static_cast<double>(corrupt) <= most) return;
  fail("{}: more than {} corrupt samples (max_corrupt): {} of {}, the last: {}", title(),
       is_share ? fmt::format("{:g} %", 100 * max_corrupt) : fmt::format("{:.0f}", max_corrupt),
       corrupt, read, last);
}

std::unique_ptr<data::PartReader> data::ListSource::open(int64_t part, uint64_t seed) {
  Dice dice(seed);
  return std::make_unique<OneSample>(at(part, dice));
}

std::unique_ptr<data::Source> ask_questions(std::unique_ptr<data::Source> source,
                                            std::vector<std::string> questions) {
  return std::make_unique<Questions>(std::move(source), std::move(questions));
}

void check_source(const SourceConfig& config) { refuse_foreign_options(config, format_of(config)); }

std::unique_ptr<data::Source> open_source(const SourceConfig& config) {
  check_source(config);
  auto source = format_of(config).open(config);
  if (source->parts() < 1) fail("{}: holds no samples", config.title());
  return config.prompts.empty() ? std::move(source)
                                : ask_questions(std::move(source), read_lines(config.prompts));
}

}  // namespace showo
