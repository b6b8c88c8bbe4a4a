#include "showo/data/captions.h"

#include <algorithm>

#include "showo/data/captions_map.h"
#include "showo/data/clean.h"
#include "showo/data/find.h"
#include "showo/data/picture_files.h"

namespace showo {
namespace {

class CaptionList : public data::ListSource {
 public:
  explicit CaptionList(const SourceConfig& config)
      : list_({single_file(config)}, config, PictureList::Pictures::kOne),
        key_(config.caption_key.empty() ? "caption" : config.caption_key) {}
  int64_t parts() const override { return list_.size(); }

 private:
  Sample at(int64_t index, Dice& dice) override {
    PictureEntry entry = list_.at(index);
    Sample sample;
    sample.origin = entry.where;
    sample.key = std::move(entry.picture);
    sample.image_file = std::move(entry.files[0]);
    Json caption = entry.json.value(key_, Json());
    if (caption.is_array() && !caption.empty()) caption = Json(caption[dice.below(caption.size())]);
    if (caption.is_string()) {
      sample.caption = caption;
    } else {
      sample.text_error =
          fmt::format("{}: '{}': expected text, found {}", entry.where, key_, caption.type_name());
    }
    return sample;
  }
  PictureList list_;
  std::string key_;
};

class CaptionsByPicture : public data::ListSource {
 public:
  explicit CaptionsByPicture(const SourceConfig& config) : path_(config.path), pictures_(config) {
    for (auto& [image, caption] : read_captions(path_)) {
      if (pictures_.holds(image)) entries_.emplace_back(image, caption);
    }
    pictures_.report();
    std::ranges::sort(entries_);
  }
  int64_t parts() const override { return static_cast<int64_t>(entries_.size()); }

 private:
  Sample at(int64_t index, Dice&) override {
    Sample sample;
    std::tie(sample.key, sample.caption) = entries_[index];
    sample.origin = path_;
    sample.image_file = pictures_.path_of(sample.key);
    return sample;
  }
  std::string path_;
  PictureFiles pictures_;
  std::vector<std::pair<std::string, std::string>> entries_;
};

// A .json that is one object maps pictures to captions; .jsonl has an entry a line.
bool is_map(const fs::path& path) {
  if (path.extension() == ".jsonl") return false;
  const auto file = MappedFile::open(path);
  const std::string_view text =
      trimmed({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()});
  return text.starts_with('{');
}

}  // namespace

std::unique_ptr<data::Source> open_captions(const SourceConfig& config) {
  const fs::path path = single_file(config);
  if (!is_map(path)) return std::make_unique<CaptionList>(config);
  return std::make_unique<CaptionsByPicture>(config);
}

}  // namespace showo
