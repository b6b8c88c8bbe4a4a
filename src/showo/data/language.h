// What is said about a scene: a caption, and questions whose answers are known exactly.
#pragma once

#include "showo/data/sample.h"
#include "showo/data/scene.h"

namespace showo {

/// Numbers from a seed alone (SplitMix64), the same on every machine and standard library.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /// 0 … count−1.
  size_t below(size_t count) { return static_cast<size_t>(next() % count); }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_;
};

std::string caption(const Scene& scene, const std::vector<Kind>& kinds, int canvas, Dice& dice);
/// Seven to twelve independent questions in random order, among them the name of every thing;
/// `type` says what each asks for.
std::vector<Turn> questions(const Scene& scene, const std::vector<Kind>& kinds, int canvas,
                            Dice& dice);

}  // namespace showo
