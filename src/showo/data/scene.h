// A scene of the emoji world: one to six things on a plain background, at places on a grid.
#pragma once

#include <string>
#include <vector>

#include "showo/core/config.h"
#include "showo/data/icons.h"
#include "showo/image/image.h"

namespace showo::emoji {

struct Object {
  size_t kind = 0;
  Style style = Style::kFlat;
  bool small = false;          // as all things of a scene with several; of a lone one it is said
  int size = 0, x = 0, y = 0;  // pixels; the upper left corner

  bool overlaps(const Object& other) const {
    return x < other.x + other.size && other.x < x + size && y < other.y + other.size &&
           other.y < y + size;
  }
  bool operator==(const Object&) const = default;
};

/// Which of a picture's nine places a thing is at that has its centre there, in words: "left", "top
/// right", "middle". In half pixels.
std::string place_at(int middle_x, int middle_y, int canvas);

struct Background {
  const char* name;
  uint8_t rgb[3];
};
const std::vector<Background>& backgrounds();

struct Scene {
  enum class Layout { kOne, kSideBySide, kStacked, kQuadrants, kSixths };
  Layout layout = Layout::kOne;
  size_t background = 0;
  // Side by side: left first; stacked: upper first; quadrants and sixths: in reading order.
  std::vector<Object> objects;

  /// Which of the nine (one object, sixths) or four (quadrants) places, in words: "left", "top
  /// right", "middle".
  std::string place(size_t object, int canvas) const;
  bool one_kind() const;
  bool operator==(const Scene&) const = default;
};

Image draw(const Scene& scene, Icons& icons, int canvas);
Json describe(const Scene& scene, const std::vector<Kind>& kinds);
const char* style_name(Style style);

}  // namespace showo::emoji
