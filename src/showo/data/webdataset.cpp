#include "showo/data/webdataset.h"

#include "showo/core/log.h"
#include "showo/data/captions_map.h"
#include "showo/data/clean.h"
#include "showo/data/find.h"
#include "showo/data/shards.h"

namespace showo {
namespace {

// Where captions come from.
struct CaptionRules {
  std::string key;  // of KEY.json; empty: KEY.txt, or else the JSON's "caption"
  std::shared_ptr<const CaptionMap> outside;

  const std::string* caption_of(const std::string& sample) const {
    if (!outside) return nullptr;
    auto found = outside->find(sample);
    if (found == outside->end()) found = outside->find(sample.substr(sample.rfind('/') + 1));
    return found == outside->end() ? nullptr : &found->second;
  }
};

std::string caption_in(const Json& json, const std::string& key, bool required,
                       const std::string& where) {
  const auto found = json.find(key);
  if (found != json.end() && found->is_string()) return *found;
  if (required) {
    fail("{}: '{}': expected a caption, found {}", where, key,
         found == json.end() ? "nothing" : found->type_name());
  }
  return "";
}

class Shard : public data::PartReader {
 public:
  /// `told`: whether JSON that nothing was lost by was spoken of already.
  Shard(const fs::path& path, CaptionRules rules, bool& told)
      : path_(path.string()), reader_(path), rules_(std::move(rules)), told_(told) {}
  std::optional<Sample> next() override {
    auto members = reader_.next_members();
    if (!members) return std::nullopt;
    if (!members->picture || members->picture->empty()) {
      fail_sample("{}: {}: expected a picture (.png, .jpg, .jpeg or .webp)", path_, members->key);
    }
    Sample sample;
    sample.key = members->key;
    sample.origin = path_;
    sample.image_bytes = std::move(*members->picture);
    const std::string* outside = rules_.caption_of(sample.key);
    if (outside) {
      sample.caption = *outside;
    } else if (rules_.key.empty()) {
      sample.caption = trimmed(members->text.value_or(""));
    }
    sample.metadata = std::move(members->json).value_or("");
    read_json(sample, std::move(members->numbered));
    return sample;
  }

 private:
  // The caption, where there is none yet, and turns. A sample that has a caption is not lost
  // by what else is wrong with its JSON.
  void read_json(Sample& sample, std::map<int, std::string> numbered) {
    const std::string where = path_ + ": " + sample.key + ".json";
    try {
      const Json json =
          sample.metadata.empty() ? Json::object() : parse_json(sample.metadata, where);
      if (sample.caption.empty()) {
        sample.caption = rules_.key.empty() ? caption_in(json, "caption", false, where)
                                            : caption_in(json, rules_.key, true, where);
      }
      sample.turns = turns_in(json, where);
      read_pictures(sample, json, numbered, where);
      sample.frames = frames_in(json, std::move(numbered), where);
    } catch (const Error& error) {
      if (sample.caption.empty()) {
        sample.text_error = error.what();
      } else if (!std::exchange(told_, true)) {
        spdlog::warn("{}; the sample's caption is used (only the first of these is told)",
                     error.what());
      }
    }
  }
  std::string path_;
  ShardReader reader_;
  CaptionRules rules_;
  bool& told_;
};

class Shards : public data::Source {
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
  std::unique_ptr<data::PartReader> open(int64_t part, uint64_t) override {
    const fs::path& shard = shards_[part];
    auto outside = outside_;
    if (!folder_.empty()) {  // a file a shard: 0012.tar has 0012.json
      const std::string name = shard.filename().string();
      outside = std::make_shared<CaptionMap>(
          read_captions(folder_ / (name.substr(0, name.find('.')) + ".json")));
    }
    return std::make_unique<Shard>(shard, CaptionRules{key_, std::move(outside)}, told_);
  }

 private:
  std::vector<fs::path> shards_;
  std::string key_;
  fs::path folder_;
  std::shared_ptr<const CaptionMap> outside_;
  bool told_ = false;
};

}  // namespace

std::unique_ptr<data::Source> open_webdataset(const SourceConfig& config) {
  return std::make_unique<Shards>(config);
}

}  // namespace showo
