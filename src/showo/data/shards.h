// webdataset shards: tar files whose members KEY.png|jpg|webp, KEY.txt and KEY.json are one sample.
// They stand side by side; where they do not, a second pass over the shard finds the texts. A
// member may have more endings (KEY.input.jpg, KEY.outputs.txt); the plainest of its kind is read.
// A story has its pictures as KEY.0.png, KEY.1.png … and their texts under "frames" of KEY.json;
// turns about several pictures have them so too, and their number as "pictures".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "showo/core/config.h"
#include "showo/core/files.h"
#include "showo/data/sample.h"

namespace showo {

/// Writes `samples` as one shard, atomically; the same samples give the same bytes.
void write_shard(const fs::path& path, const std::vector<Sample>& samples);

/// What a shard holds of one sample, unread.
struct ShardMembers {
  std::string key;
  std::optional<std::string> picture, text, json;
  std::map<int, std::string> numbered;  // pictures of names as KEY.3.png, the plainest as well
};

/// The "turns" of a sample's JSON, [{question, answer, type}]; none when it has no such key. Throws
/// Error naming `where` when they have another shape.
std::vector<Turn> turns_in(const Json& json, const std::string& where);

/// The "frames" of a story's JSON, [{text, …}], with their pictures, the first of which is 0; none
/// when it has no such key. Throws Error naming `where` when they have another shape, a text is
/// empty, or pictures and texts are not as many.
std::vector<SampleFrame> frames_in(const Json& json, std::map<int, std::string> pictures,
                                   const std::string& where);

/// Makes a sample's pictures those that are numbered, if its JSON has their number as "pictures".
/// Throws Error naming `where` when that is no number from 2 on, or they are not as many.
void read_pictures(Sample& sample, const Json& json, std::map<int, std::string>& pictures,
                   const std::string& where);

/// Reads samples in the order of the file. Throws Error naming the shard and member when the
/// archive is damaged.
class ShardReader {
 public:
  explicit ShardReader(const fs::path& path);
  ~ShardReader();
  ShardReader(ShardReader&&) noexcept;
  ShardReader& operator=(ShardReader&&) noexcept;
  /// The next sample's members, or nothing at the end.
  std::optional<ShardMembers> next_members();
  /// The next sample as write_shard wrote it, or nothing at the end. Throws CorruptSample when only
  /// this sample's JSON is damaged.
  std::optional<Sample> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `pattern` is a file, a folder of *.tar, *.tar.gz and *.tgz, or holds braces:
/// train-{0000..0011}.tar. Sorted; throws Error when one is missing.
std::vector<fs::path> find_shards(const std::string& pattern);

}  // namespace showo
