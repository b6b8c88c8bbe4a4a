// What a model was asked and did, as one page to look through: pictures with prompts, answers and
// verdicts, a search and filters. It needs no other file and no network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "showo/core/files.h"
#include "showo/image/image.h"

namespace showo {

struct GalleryItem {
  std::vector<Image> pictures;  // any size; shown at most kGallerySide pixels a side
  std::string prompt;           // what was asked or said
  std::string answer, wanted;   // what came of it and what should have; either may be empty
  std::string kind;             // what items are filtered by; may be empty
  std::optional<bool> right;
};

inline constexpr int kGallerySide = 192;

class Gallery {
 public:
  /// `lead`: what stands above, text.
  Gallery(std::string title, std::string lead);
  void add(const GalleryItem& item);
  int64_t items() const { return items_; }
  /// HTML in UTF-8, whole or not at all.
  void write(const fs::path& path) const;

 private:
  std::string title_, lead_, body_;
  std::vector<std::string> kinds_;
  int64_t items_ = 0;
};

}  // namespace showo
