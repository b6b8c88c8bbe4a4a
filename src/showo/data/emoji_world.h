// The embedded world: any number of scenes from a seed, with three kinds of scenes held apart from
// training.
#pragma once

#include "showo/data/language.h"
#include "showo/data/sample.h"
#include "showo/data/scene.h"
#include "showo/range.h"

namespace showo::emoji {

constexpr int kMostThings = 6;

struct EmojiOptions {
  uint64_t seed = 1;
  int canvas = 64;
  int kinds = 32;
  int styles = 2, backgrounds = 8;
  int fewest = 1, most = 4;
  int grid = 4, tiny = 16, small = 28, large = 40;
  int64_t scenes = 40000;
  int64_t held_apart = 1000;
  int64_t stories = 0;
  bool relations = false, conversations = false, comparisons = false;
  int64_t scenes_per_shard = 5000;
  std::string kinds_file = "configs/emoji/kinds.txt";
  std::string packages = ".packages";
  template <class V>
  void visit(V& v) {
    v(seed, "seed", "the world's seed", any_number());
    v(canvas, "canvas", "pixels a side, a multiple of 16 from 64 on", between(64, 512));
    v(kinds, "kinds", "how many of the file's kinds to use, from the first on",
      between(10, 100'000));
    v(styles, "styles", "2: flat and glossy; 3: plain too", between(2, kStyles));
    v(backgrounds, "backgrounds", "how many colours backgrounds have, 4 to 12", between(4, 12));
    v(fewest, "fewest",
      "fewest things in a scene, 1 to 6: crowded ones teach an image tokenizer more",
      between(1, kMostThings));
    v(most, "most", "most things in a scene, 1 to 6", between(1, kMostThings));
    v(grid, "grid", "places are multiples of so many pixels of 64; a tokenizer's stride is best",
      between(1, 16));
    v(tiny, "tiny", "side of each of five or six things in pixels of 64, at most 21",
      between(8, 21));
    v(small, "small", "side of a small thing in pixels of 64, at most 32", between(8, 32));
    v(large, "large", "side of a thing that is alone, unless it is small, in pixels of 64",
      between(8, 64));
    v(relations, "relations",
      "captions also say 'below', 'to the right of' and where each of several things stands");
    v(scenes, "scenes", "training scenes", at_least(1));
    v(held_apart, "held_apart", "scenes in each held-apart split", at_least(1));
    v(stories, "stories", "training stories, of 3 to 6 scenes each; 0: none", at_least(0));
    v(conversations, "conversations",
      "a scene's questions are asked in turns that refer back, instead of each by itself");
    v(comparisons, "comparisons",
      "questions are about two pictures, a scene and what a change makes of it: what differs");
    v(scenes_per_shard, "scenes_per_shard", "scenes or stories in a training shard", at_least(1));
    v(kinds_file, "kinds_file", "list of kinds");
    v(packages, "packages", "folder of the icons' packages (tools/fetch_emoji.sh)");
  }
};

/// train respects all three reservations; each other split breaks exactly its own:
/// compositions – sets of things (or single things in a style on a background) never seen together;
/// pairs – a thing on a background it was never seen on; styles – a thing in a style it was never
/// seen in.
enum class Split { kTrain, kCompositions, kPairs, kStyles };
const char* split_name(Split split);

class EmojiWorld {
 public:
  explicit EmojiWorld(const EmojiOptions& options);
  /// Scene `index` of a split depends on the options' seed, the split and the index alone. Throws
  /// Error when the seed reserves nothing for the split, as happens with few kinds.
  Scene scene(Split split, int64_t index) const;
  Sample sample(Split split, int64_t index);
  /// Two scenes of a story with questions about both.
  Sample comparison(Split split, int64_t index);
  /// The same of stories, whose scenes all belong to the split (stories.h).
  Sample story(Split split, int64_t index);

  /// Whether a scene respects and breaks just those reservations that the split does.
  bool belongs(const Scene& scene, Split split) const;
  bool reserved_composition(const Scene& scene) const;
  bool reserved_pair(const Scene& scene) const;
  bool reserved_style(const Scene& scene) const;
  const std::vector<Kind>& kinds() const { return icons_.kinds(); }
  Wording wording() const {
    return {kinds(), options_.canvas, options_.styles, options_.relations};
  }
  const EmojiOptions& options() const { return options_; }

 private:
  size_t how_many(Dice& dice) const;
  Scene propose(Dice& dice, Split split) const;
  std::string picture(const Scene& scene);  // as a file
  Dice dice_of(int what, Split split, int64_t index) const;
  EmojiOptions options_;
  Icons icons_;
};

}  // namespace showo::emoji
