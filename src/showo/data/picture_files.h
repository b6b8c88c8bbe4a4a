// Lists of pictures by name, as LLaVA's and COCO's JSON have them, against what is there: published
// lists name files that nobody has any more, and entries without one picture.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "showo/data/json_objects.h"
#include "showo/data/source.h"

namespace showo {

/// The pictures below a source's folder `images`.
class PictureFiles {
 public:
  explicit PictureFiles(SourceConfig config) : config_(std::move(config)) {}
  std::string path_of(const std::string& name) const;
  /// Whether that file is there; those that are not are counted.
  bool holds(const std::string& name);
  /// Says how many were asked for in vain. Throws Error naming the last when none is there, or when
  /// these are more than the source's max_corrupt lets pass.
  void report() const;

 private:
  // A folder's names, once it is clear that many of them are asked for.
  struct Folder {
    int64_t asked = 0;
    std::unordered_set<std::string> names;
  };
  SourceConfig config_;
  std::unordered_map<std::string, Folder> folders_;
  int64_t asked_ = 0, missing_ = 0;
  std::string last_;
};

/// One entry of such a list.
struct PictureEntry {
  Json json;
  std::string where, picture;      // for messages; the first picture's name
  std::vector<std::string> files;  // the paths of its pictures
};

/// The entries whose pictures are there. How many others were left out is said when it is opened.
class PictureList {
 public:
  enum class Pictures { kOne, kAny };  // how many an entry may have; with none it is left out
  PictureList(const std::vector<fs::path>& lists, const SourceConfig& config, Pictures pictures);
  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  /// Throws CorruptSample naming the list and entry when it is no valid object, or its 'image' is
  /// neither a name nor a list of names.
  PictureEntry at(int64_t index) const;

 private:
  struct Place {
    size_t list, index;
  };
  std::vector<std::string> names_in(const Json& image, const std::string& where) const;
  Pictures wanted_;
  PictureFiles pictures_;
  std::vector<JsonObjects> lists_;
  std::vector<Place> entries_;
};

}  // namespace showo
