// Folders of pictures as they are judged: which files there are, or which parts of them, and the
// texts that they should show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "showo/benchmarks/benchmark.h"
#include "showo/image/image.h"

namespace showo {

/// A picture file, or one quarter of a square of 2×2 pictures, in reading order.
struct PicturePlace {
  fs::path file;
  std::optional<int> quarter;
  /// For messages and tables: "pictures/00003.png", "pictures/dog.png#2".
  std::string name(const fs::path& folder) const;
  /// Throws Error naming the file when it cannot be read, or not be quartered.
  Image read() const;
};

/// Up to four pictures of one size as a square of 2×2, whose quarters they are; one stays alone.
Image square_of(const std::vector<Image>& pictures);

struct TextedPicture {
  PicturePlace place;
  std::string text;
};

/// The list that says what the pictures of a folder should show: lines of {file, prompt, pictures},
/// of which a file holds 1, or up to 4 as quarters.
inline constexpr const char* kPromptsFile = "prompts.jsonl";

/// Where the list `kPromptsFile` is, those that it names; in GenEval's folder its samples with
/// their prompts (NNNNN/metadata.jsonl); else every picture file of the folder with the text of the
/// same name, NAME.txt. Problems: "missing" (a picture that is not there: left out), "no text"
/// (left out), "doubled" (listed twice: both count). Throws Error naming the folder when none is
/// left.
std::vector<TextedPicture> pictures_with_texts(const fs::path& folder, Problems& problems);

/// The same pictures where their texts do not matter: in a folder without a list, all its picture
/// files.
std::vector<PicturePlace> pictures_in(const fs::path& folder, Problems& problems);

}  // namespace showo
