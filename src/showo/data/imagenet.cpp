#include "showo/data/imagenet.h"

#include <algorithm>
#include <map>

#include "showo/data/find.h"

namespace showo {
namespace {

using Names = std::vector<std::string>;

// "tench, Tinca tinca" → its names.
Names split_names(const std::string& text) {
  Names names;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const size_t begin = std::min(text.find_first_not_of(" \t", at), comma);
    const size_t end = text.find_last_not_of(" \t", comma - 1);
    if (begin < comma) names.push_back(text.substr(begin, end + 1 - begin));
    at = comma + 1;
  }
  return names;
}

std::map<std::string, Names> read_names(const fs::path& path) {
  std::map<std::string, Names> names;
  for (const auto& line : read_lines(path)) {
    const size_t end = line.find_first_of(" \t");
    Names of_class = end == std::string::npos ? Names() : split_names(line.substr(end));
    if (of_class.empty()) {
      fail("{}: line '{}': expected a folder and its names, as in 'n01440764 tench, Tinca tinca'",
           path.string(), line);
    }
    names[line.substr(0, end)] = std::move(of_class);
  }
  return names;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

class ClassFolders : public data::ListSource {
 public:
  explicit ClassFolders(const SourceConfig& config)
      : root_(single_file(config)), any_name_(config.any_name) {
    if (!is_folder(root_)) fail("{}: expected a folder of class folders", root_.string());
    std::map<std::string, Names> names;
    if (!config.names.empty()) names = read_names(config.names);
    for (const auto& folder : items_of(root_)) {
      if (!is_folder(folder)) continue;
      const std::string name = folder.filename().string();
      if (!config.names.empty() && !names.contains(name))
        fail("{}: no line for the folder '{}' of {}", config.names, name, root_.string());
      std::string plain = name;
      std::ranges::replace(plain, '_', ' ');
      classes_.push_back({name, config.names.empty() ? Names{plain} : names[name]});
      for (const auto& file : items_of(folder)) {
        if (is_picture_name(file.filename().string()))
          pictures_.push_back({classes_.size() - 1, file.filename().string()});
      }
    }
    if (pictures_.empty()) fail("{}: no pictures in its folders", root_.string());
  }
  int64_t parts() const override { return static_cast<int64_t>(pictures_.size()); }

 private:
  Sample at(int64_t index, Dice& dice) override {
    const Picture& picture = pictures_[index];
    const Class& its = classes_[picture.its_class];
    Sample sample;
    sample.key = its.folder + "/" + picture.file;
    sample.origin = root_.string();
    sample.image_file = (root_ / its.folder / picture.file).string();
    sample.caption = its.names[any_name_ ? dice.below(its.names.size()) : 0];
    return sample;
  }

  struct Class {
    std::string folder;
    Names names;
  };
  struct Picture {
    size_t its_class;
    std::string file;
  };
  fs::path root_;
  bool any_name_;
  std::vector<Class> classes_;
  std::vector<Picture> pictures_;
};

}  // namespace

std::unique_ptr<data::Source> open_imagenet(const SourceConfig& config) {
  return std::make_unique<ClassFolders>(config);
}

}  // namespace showo
