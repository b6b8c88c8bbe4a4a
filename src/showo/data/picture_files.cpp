#include "showo/data/picture_files.h"

#include <algorithm>

#include "showo/core/log.h"

namespace showo {
namespace {

std::string name_in(const Json& image, const std::string& where) {
  if (!image.is_string())
    fail_sample("{}: 'image': expected text, found {}", where, image.type_name());
  return image;
}

}  // namespace

std::string PictureFiles::path_of(const std::string& name) const {
  return (fs::path(config_.images) / name).string();
}

bool PictureFiles::holds(const std::string& name) {
  // One look at a folder is cheaper than many questions, above all over a network, but a short list
  // must not cost a look at a folder of millions.
  constexpr int64_t kWorthListing = 1000;
  const std::string path = path_of(name);
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Folder& folder = folders_[parent];
  std::error_code error;
  if (++folder.asked == kWorthListing) {
    for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error))
      folder.names.insert(at->path().filename().string());
  }
  ++asked_;
  // Names may differ in case where the file system does not mind: what is not listed is asked for.
  if (folder.names.contains(path.substr(slash + 1)) || fs::exists(path, error)) return true;
  ++missing_;
  last_ = path;
  return false;
}

void PictureFiles::report() const {
  if (missing_ == 0) return;
  if (missing_ == asked_)
    fail("{}: none of its {} pictures is there, the last: {}", config_.title(), asked_, last_);
  config_.check_corrupt(missing_, asked_, last_ + ": no such file");
  spdlog::warn("{}: {} of {} pictures are not there and left out, the last: {}",
               one_line(config_.title()), missing_, asked_, one_line(last_));
}

// The pictures of an entry: its 'image' is a name or a list of names. Nothing where it has none
// (null, "", []) or more than are wanted. Throws CorruptSample for anything else.
std::vector<std::string> PictureList::names_in(const Json& image, const std::string& where) const {
  std::vector<std::string> names;
  if (image.is_array()) {
    for (const Json& name : image) names.push_back(name_in(name, where));
  } else if (!image.is_null()) {
    names.push_back(name_in(image, where));
  }
  const bool empty = std::ranges::any_of(names, &std::string::empty);
  if (empty || (wanted_ == Pictures::kOne && names.size() > 1)) return {};
  return names;
}

PictureList::PictureList(const std::vector<fs::path>& lists, const SourceConfig& config,
                         Pictures pictures)
    : wanted_(pictures), pictures_(config) {
  int64_t all = 0, without = 0;
  for (const auto& path : lists) {
    const JsonObjects& list = lists_.emplace_back(path);
    all += static_cast<int64_t>(list.size());
    for (size_t i = 0; i < list.size(); ++i) {
      try {
        const auto names = names_in(list.value_at(i, "image"), list.name(i));
        if (names.empty()) ++without;
        bool all = !names.empty();
        for (const auto& name : names) all &= pictures_.holds(name);
        if (!all) continue;
      } catch (const CorruptSample&) {
        // Told when it is drawn.
      }
      entries_.push_back({lists_.size() - 1, i});
    }
  }
  if (without > 0) {
    spdlog::info("{}: {} of {} entries do not have {} and are left out", one_line(config.title()),
                 without, all, pictures == Pictures::kOne ? "one picture" : "a picture");
  }
  pictures_.report();
}

PictureEntry PictureList::at(int64_t index) const {
  const auto [list, i] = entries_[index];
  PictureEntry entry{lists_[list].at(i), lists_[list].name(i), "", {}};
  const auto names = names_in(entry.json.value("image", Json()), entry.where);
  if (names.empty()) fail_sample("{}: 'image': expected one picture's name", entry.where);
  entry.picture = names[0];
  for (const auto& name : names) entry.files.push_back(pictures_.path_of(name));
  return entry;
}

}  // namespace showo
