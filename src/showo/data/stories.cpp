#include "showo/data/stories.h"

#include "showo/core/log.h"
#include "showo/data/clean.h"
#include "showo/data/find.h"
#include "showo/data/picture_files.h"

namespace showo {
namespace {

// The texts under `key`. Throws CorruptSample when they are none, or one of them is empty.
std::vector<std::string> texts_at(const Json& entry, const char* key, const std::string& where) {
  const auto list = entry.find(key);
  if (list == entry.end() || !list->is_array() || list->empty())
    fail_sample("{}: '{}': expected a list of texts", where, key);
  std::vector<std::string> texts;
  for (const Json& item : *list) {
    if (!item.is_string() || trimmed(item.get_ref<const std::string&>()).empty())
      fail_sample("{}: {}[{}]: expected a text, found {}", where, key, texts.size(),
                  item.is_string() ? "an empty one" : item.type_name());
    texts.push_back(item);
  }
  return texts;
}

class StoryList : public data::ListSource {
 public:
  explicit StoryList(const SourceConfig& config) : pictures_(config) {
    for (const auto& path : find_files(config, {".json", ".jsonl"})) {
      const JsonObjects& list = lists_.emplace_back(path);
      for (size_t i = 0; i < list.size(); ++i) {
        if (has_pictures(list, i)) entries_.push_back({lists_.size() - 1, i});
      }
    }
    pictures_.report();
  }
  int64_t parts() const override { return std::ssize(entries_); }

 private:
  struct Place {
    size_t list, index;
  };

  Sample at(int64_t index, Dice&) override {
    const auto [list, i] = entries_[index];
    Sample sample;
    sample.origin = lists_[list].name(i);
    const Json entry = lists_[list].at(i);
    const auto images = texts_at(entry, "images", sample.origin),
               captions = texts_at(entry, "captions", sample.origin);
    if (images.size() != captions.size())
      fail_sample("{}: expected as many captions as images, found {} and {}", sample.origin,
                  captions.size(), images.size());
    sample.key = images[0];
    for (size_t f = 0; f < images.size(); ++f)
      sample.frames.push_back({captions[f], "", pictures_.path_of(images[f])});
    return sample;
  }

  // Whether all its pictures are there. What is wrong with an entry in another way is told when it
  // is drawn.
  bool has_pictures(const JsonObjects& list, size_t i) {
    bool all = true;
    try {
      for (const Json& image : list.value_at(i, "images"))
        if (image.is_string()) all &= pictures_.holds(image);
    } catch (const CorruptSample&) {
      return true;
    }
    return all;
  }

  PictureFiles pictures_;
  std::vector<JsonObjects> lists_;
  std::vector<Place> entries_;
};

}  // namespace

std::unique_ptr<data::Source> open_stories(const SourceConfig& config) {
  return std::make_unique<StoryList>(config);
}

}  // namespace showo
