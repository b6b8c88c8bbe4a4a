// The JSON files of benchmarks: lists, lines and objects by id, whose entries know where they
// stand, so that whatever is wrong with one names the file and the entry.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "showo/core/config.h"

namespace showo {

/// As read_json, which takes quadratic time for long lists of objects: its parser looks through the
/// whole list at the end of each.
Json read_long_json(const fs::path& path);

/// A value of a file that outlives it. Every access that does not fit throws Error.
class Entry {
 public:
  Entry(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {}
  const Json& json() const { return *json_; }
  const std::string& where() const { return where_; }

  bool has(const std::string& key) const;
  /// What stands under a key of an object, at a place of a list.
  Entry operator[](const char* key) const;
  Entry operator[](size_t index) const;
  /// Places of a list.
  size_t size() const;
  const std::string& text() const;
  int64_t whole() const;
  bool flag() const;

 private:
  const Json* json_;
  std::string where_;
};

/// A file that is a JSON list, or has one JSON value a line (empty lines are passed over).
class Entries {
 public:
  Entries() = default;
  /// Throws Error naming the file, and the line, that is no valid JSON.
  explicit Entries(const fs::path& path);
  size_t size() const { return values_.size(); }
  /// "answers.json: line 3" from 1 on, or "answers.json: entry 2" from 0 on.
  Entry operator[](size_t index) const;

 private:
  std::string path_;
  std::vector<Json> values_;
  std::vector<size_t> lines_;  // where each stands; empty for a list
};

/// A file that is one JSON object: values by id.
class EntriesById {
 public:
  explicit EntriesById(const fs::path& path);
  const std::string& path() const { return path_; }
  /// In the order of the file, each once.
  const std::vector<std::string>& ids() const { return ids_; }
  /// Those that stand there more than once; the last value counts.
  const std::vector<std::string>& doubled() const { return doubled_; }
  bool has(const std::string& id) const { return values_.contains(id); }
  Entry operator[](const std::string& id) const;

 private:
  std::string path_;
  Json values_;
  std::vector<std::string> ids_, doubled_;
};

/// JSON as text, whatever bytes its strings hold: what is no UTF-8 becomes U+FFFD.
std::string json_text(const Json& json);

}  // namespace showo
