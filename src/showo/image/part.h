// A part of a picture of any size on the square that a model works on, and back.
#pragma once

#include "showo/image/image.h"

namespace showo {

/// Pixels x to x + width − 1, y to y + height − 1.
struct Box {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Box&) const = default;
};

/// `box` lies inside the picture.
Image crop(const Image& image, const Box& box);

/// The part to work on when what `marked` holds is to be drawn by a model whose square has `size`
/// pixels and `tokens` tokens a side: a square of twice its extent, so that as much of its
/// surroundings is seen, and of `size` at least, so that nothing is enlarged without need; no
/// larger than the picture's shorter side. Where that side is too short for what is marked, an
/// oblong of that side and a little more than the mark's length. Where there is room, the marked
/// box begins on a token's edge: what is drawn in a token that it only touches is cut off.
Box part_around(const Box& marked, int width, int height, int size, int tokens);

/// How a part of a picture lies on a square of size×size: scaled so that its longer side fills it.
/// What is free beside an oblong shows its mirror images: they have the light and the colours of
/// what is near them, and no edge.
class Placement {
 public:
  /// `before`: the share of the free room that lies left of the part or above it.
  Placement(const Box& part, int size, double before = 0.5);
  const Box& part() const { return part_; }
  /// Pixels of the part, scaled.
  int width() const { return inner_.width; }
  int height() const { return inner_.height; }
  /// Of a picture that has the part: the square.
  Image square_of(const Image& picture) const;
  /// The square of a part that has its scaled size already.
  Image surrounded(const Image& scaled) const;
  /// The part's pixels, from a square.
  Image part_of(const Image& square) const;

 private:
  Box part_, inner_;
  int size_;
};

}  // namespace showo
