#include "showo/data/source.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "showo/data/find.h"
#include "showo/data/formats.h"
#include "showo/data/prompts.h"

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

}  // namespace

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

void check_source(const SourceConfig& config) { refuse_foreign_options(config, format_of(config)); }

std::unique_ptr<data::Source> open_source(const SourceConfig& config) {
  check_source(config);
  auto source = format_of(config).open(config);
  if (source->parts() < 1) fail("{}: holds no samples", config.title());
  return config.prompts.empty() ? std::move(source)
                                : with_prompts(std::move(source), read_lines(config.prompts));
}

}  // namespace showo
