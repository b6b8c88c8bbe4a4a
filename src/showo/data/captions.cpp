// Pictures captioned by JSON: a list (or lines) of {image, caption}, where the caption may be a
// list to draw one of, or one object of captions by picture, {"a/1.jpg": "a cat on a mat"}.
#include <algorithm>

#include "showo/data/captions_map.h"
#include "showo/data/formats.h"
#include "showo/data/json_objects.h"

namespace showo {
namespace {

class CaptionList : public ListSource {
 public:
  explicit CaptionList(const SourceConfig& config)
      : entries_(single_file(config)),
        images_(config.images),
        key_(config.caption_key.empty() ? "caption" : config.caption_key) {}
  int64_t parts() const override { return static_cast<int64_t>(entries_.size()); }

 private:
  Sample at(int64_t index, Dice& dice) override {
    const Json entry = entries_.at(index);
    auto text_of = [&](const Json& json, const char* key) -> std::string {
      if (!json.is_string())
        fail_sample("{}: '{}': expected text, found {}", entries_.name(index), key,
                    json.type_name());
      return json;
    };
    Sample sample;
    sample.origin = entries_.name(index);
    sample.key = text_of(entry.value("image", Json()), "image");
    sample.image_file = (images_ / sample.key).string();
    Json caption = entry.value(key_, Json());
    if (caption.is_array() && !caption.empty()) caption = Json(caption[dice.below(caption.size())]);
    sample.caption = text_of(caption, key_.c_str());
    return sample;
  }
  JsonObjects entries_;
  fs::path images_;
  std::string key_;
};

class CaptionsByPicture : public ListSource {
 public:
  CaptionsByPicture(const fs::path& path, const fs::path& images)
      : path_(path.string()), images_(images) {
    for (auto& [image, caption] : read_captions(path)) entries_.emplace_back(image, caption);
    std::ranges::sort(entries_);
  }
  int64_t parts() const override { return static_cast<int64_t>(entries_.size()); }

 private:
  Sample at(int64_t index, Dice&) override {
    Sample sample;
    std::tie(sample.key, sample.caption) = entries_[index];
    sample.origin = path_;
    sample.image_file = (images_ / sample.key).string();
    return sample;
  }
  std::string path_;
  fs::path images_;
  std::vector<std::pair<std::string, std::string>> entries_;
};

// A .json that is one object maps pictures to captions; .jsonl has an entry a line.
bool is_map(const fs::path& path) {
  if (path.extension() == ".jsonl") return false;
  const auto file = MappedFile::open(path);
  const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()),
                              file->bytes().size());
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{';
}

}  // namespace

std::unique_ptr<Source> open_captions(const SourceConfig& config) {
  const fs::path path = single_file(config);
  if (!is_map(path)) return std::make_unique<CaptionList>(config);
  return std::make_unique<CaptionsByPicture>(path, config.images);
}

}  // namespace showo
