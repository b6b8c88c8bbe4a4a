// The objects of a large JSON list, or of a file with one object a line, found by their brackets
// and parsed one at a time: memory is 16 bytes an object, whatever the file's size.
#pragma once

#include "showo/core/config.h"

namespace showo {

class JsonObjects {
 public:
  /// Throws Error naming the file and entry where it is neither such a list nor such lines.
  explicit JsonObjects(const fs::path& path);
  size_t size() const { return entries_.size(); }
  /// Throws CorruptSample naming the file and entry when it is no valid object.
  Json at(size_t index) const;
  /// "tune.json: entry 12", from 0 on.
  std::string name(size_t index) const;
  /// What stands under `key` in the entry itself, null when nothing does, without parsing the rest.
  /// Throws CorruptSample when that is no valid JSON.
  Json value_at(size_t index, const std::string& key) const;

 private:
  void index_list(size_t begin);
  void index_lines();
  std::string_view text(size_t index) const;
  Json parsed(std::string_view json, size_t index) const;

  struct Range {
    size_t begin, size;
  };
  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  std::string_view text_;
  std::vector<Range> entries_;
};

}  // namespace showo
