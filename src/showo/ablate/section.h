// A part of a file of keys and values whose lists have names in them: every key that nobody asked
// for is an error, and every error says where it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "showo/core/config.h"

namespace showo {

class Section {
 public:
  /// Throws Error where `json` is no map.
  Section(Json json, std::string where);

  /// Its `name`, which messages say from now on: "study.yaml: row 'base'".
  std::string take_name(const char* what);
  std::string text(const char* key);  // that has to be there
  std::string text_or(const char* key, const std::string& absent);
  bool flag_or(const char* key, bool absent);
  std::optional<double> number(const char* key);
  /// A list, or one value alone; numbers as they are written. Empty where the key is not there.
  std::vector<std::string> texts(const char* key);
  /// Maps of a list; `what` one is.
  std::vector<Section> sections(const char* key, const char* what);
  /// Any value; null where the key is not there.
  Json value(const char* key);
  /// Throws Error naming a key that was not asked for.
  void end() const;
  const std::string& where() const { return where_; }

 private:
  Json json_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace showo
