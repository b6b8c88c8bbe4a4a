// The emoji world composed as it is needed: the training scenes of the options in a file, as `showo
// data emoji` writes them beside its shards (options.json).
#include "showo/data/emoji_world.h"
#include "showo/data/formats.h"

namespace showo {
namespace {

class Scenes : public ListSource {
 public:
  explicit Scenes(const EmojiOptions& options) : scenes_(options.scenes), world_(options) {}
  int64_t parts() const override { return scenes_; }

 private:
  Sample at(int64_t index, Dice&) override { return world_.sample(Split::kTrain, index); }
  int64_t scenes_;
  EmojiWorld world_;
};

}  // namespace

std::unique_ptr<Source> open_emoji(const SourceConfig& config) {
  const fs::path path = single_file(config);
  EmojiOptions options;
  read_config(options, read_yaml(path), path.string());
  return std::make_unique<Scenes>(options);
}

}  // namespace showo
