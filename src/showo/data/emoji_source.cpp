#include "showo/data/emoji_source.h"

#include "showo/core/yaml_config.h"
#include "showo/data/emoji_world.h"
#include "showo/data/find.h"

namespace showo {
namespace {

using namespace emoji;

class Scenes : public data::ListSource {
 public:
  explicit Scenes(const EmojiOptions& options) : scenes_(options.scenes), world_(options) {}
  int64_t parts() const override { return scenes_; }

 private:
  Sample at(int64_t index, Dice&) override { return world_.sample(Split::kTrain, index); }
  int64_t scenes_;
  EmojiWorld world_;
};

class Classes : public data::ListSource {
 public:
  explicit Classes(const EmojiOptions& options) : world_(options) {
    for (int64_t i = 0; i < options.scenes; ++i) {
      if (world_.scene(Split::kTrain, i).objects.size() == 1) scenes_.push_back(i);
    }
  }
  int64_t parts() const override { return static_cast<int64_t>(scenes_.size()); }

 private:
  Sample at(int64_t index, Dice&) override {
    Sample sample = world_.sample(Split::kTrain, scenes_[index]);
    const Scene scene = world_.scene(Split::kTrain, scenes_[index]);
    sample.caption = world_.kinds()[scene.objects[0].kind].name;
    sample.turns.clear();
    return sample;
  }
  EmojiWorld world_;
  std::vector<int64_t> scenes_;
};

}  // namespace

std::unique_ptr<data::Source> open_emoji(const SourceConfig& config) {
  const fs::path path = single_file(config);
  EmojiOptions options;
  read_yaml_config(options, path);
  if (config.classes) return std::make_unique<Classes>(options);
  return std::make_unique<Scenes>(options);
}

}  // namespace showo
