// webdataset shards as a source, a shard a part: pictures with captions from KEY.txt, from a key of
// KEY.json, or from JSON beside the shards that captions them anew.
#include "showo/data/captions_map.h"
#include "showo/data/formats.h"
#include "showo/data/shards.h"

namespace showo {
namespace {

struct CaptionRules {
  std::string key;  // of KEY.json; empty: KEY.txt, or else the JSON's "caption"
  const CaptionMap* outside = nullptr;
};

void caption_from_json(Sample& sample, const std::string& key, bool required) {
  const std::string where = sample.origin + ": " + sample.key + ".json";
  const Json json = sample.metadata.empty() ? Json::object() : parse_json(sample.metadata, where);
  const auto found = json.find(key);
  if (found != json.end() && found->is_string()) {
    sample.caption = *found;
  } else if (required) {
    fail_sample("{}: '{}': expected a caption, found {}", where, key,
                found == json.end() ? "nothing" : found->type_name());
  }
}

void choose_caption(Sample& sample, const CaptionRules& rules) {
  if (rules.outside) {
    auto found = rules.outside->find(sample.key);
    if (found == rules.outside->end())
      found = rules.outside->find(sample.key.substr(sample.key.rfind('/') + 1));
    if (found != rules.outside->end()) {
      sample.caption = found->second;
      return;
    }
  }
  if (!rules.key.empty()) {
    caption_from_json(sample, rules.key, true);
  } else if (sample.caption.empty()) {
    caption_from_json(sample, "caption", false);
  }
}

class Shard : public PartReader {
 public:
  Shard(const fs::path& path, std::string key, std::shared_ptr<const CaptionMap> outside)
      : reader_(path), outside_(std::move(outside)), rules_{std::move(key), outside_.get()} {}
  std::optional<Sample> next() override {
    auto sample = reader_.next();
    if (!sample) return sample;
    if (sample->image_bytes.empty()) {
      fail_sample("{}: {}: expected a picture (.png, .jpg, .jpeg or .webp)", sample->origin,
                  sample->key);
    }
    choose_caption(*sample, rules_);
    return sample;
  }

 private:
  ShardReader reader_;
  std::shared_ptr<const CaptionMap> outside_;
  CaptionRules rules_;
};

class Shards : public Source {
 public:
  explicit Shards(const SourceConfig& config)
      : shards_(find_files(config, {".tar", ".tar.gz", ".tgz"})), key_(config.caption_key) {
    std::error_code ignored;
    if (fs::is_directory(config.captions, ignored)) {
      folder_ = config.captions;
    } else if (!config.captions.empty()) {
      outside_ = std::make_shared<CaptionMap>(read_captions(config.captions));
    }
  }
  int64_t parts() const override { return static_cast<int64_t>(shards_.size()); }
  std::unique_ptr<PartReader> open(int64_t part, uint64_t) override {
    const fs::path& shard = shards_[part];
    auto outside = outside_;
    if (!folder_.empty()) {  // a file a shard: 0012.tar has 0012.json
      const std::string name = shard.filename().string();
      outside = std::make_shared<CaptionMap>(
          read_captions(folder_ / (name.substr(0, name.find('.')) + ".json")));
    }
    return std::make_unique<Shard>(shard, key_, std::move(outside));
  }

 private:
  std::vector<fs::path> shards_;
  std::string key_;
  fs::path folder_;
  std::shared_ptr<const CaptionMap> outside_;
};

}  // namespace

std::unique_ptr<Source> open_webdataset(const SourceConfig& config) {
  return std::make_unique<Shards>(config);
}

}  // namespace showo
