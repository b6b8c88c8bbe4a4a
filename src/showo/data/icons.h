// The icons of the emoji world: kinds of things in up to three styles, as the packages ship them or
// draw_icons.mjs drew them, scaled with their alpha.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "showo/core/files.h"

namespace showo::emoji {

enum class Style { kFlat, kGlossy, kPlain };
constexpr int kStyles = 3;

struct Kind {
  std::string code;  // code points, as in the packages' file names
  std::string name;  // one to three words
  std::string plural;
};

/// Lines "code<TAB>name", or "code<TAB>name<TAB>plural" where the plural is irregular; '#' starts a
/// comment. Throws Error naming the file and line.
std::vector<Kind> read_kinds(const fs::path& path);

/// size×size pixels, premultiplied, 4 floats a pixel in [0, 1].
struct Icon {
  int size = 0;
  std::vector<float> rgba;
};

class Icons {
 public:
  /// `packages` holds emoji-datasource-google/img/google/64/CODE.png (flat, 64 pixels),
  /// drawn/flat/CODE.png (128 pixels, for pictures that are `fine`),
  /// fluent-emoji-3d/assets/CODE.webp (glossy, 256) and drawn/plain/CODE.png (plain, 128).
  Icons(fs::path packages, std::vector<Kind> kinds, bool fine);
  /// Decoded once, scaled once a size. Throws Error naming the picture. One thread.
  const Icon& get(size_t kind, Style style, int size);
  const std::vector<Kind>& kinds() const { return kinds_; }

 private:
  fs::path file_of(size_t kind, Style style) const;
  const Icon& original(size_t kind, Style style);

  fs::path packages_;
  std::vector<Kind> kinds_;
  bool fine_;
  std::map<std::tuple<size_t, Style, int>, Icon> cache_;  // size 0: as in the file
};

}  // namespace showo::emoji
