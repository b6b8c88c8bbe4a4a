#include "showo/data/emoji_world.h"

#include <algorithm>
#include <numeric>

#include "showo/core/config.h"
#include "showo/core/random.h"
#include "showo/data/emoji_comparison.h"
#include "showo/data/emoji_conversation.h"
#include "showo/data/emoji_story.h"
#include "showo/image/png.h"

namespace showo::emoji {
namespace {

constexpr int kMaxProposals = 1'000'000;
constexpr size_t kQuarters = 4;  // the most things that have a quarter of the picture each
constexpr int kSide =
    64;  // the canvas that sizes and the grid are said for; larger ones scale them

// Of a canvas in two or three parts one, which begins on the grid where the parts do not.
struct Span {
  int begin, end;
};
Span part_of(size_t part, size_t parts, int grid, int canvas) {
  const auto at = [&](size_t n) { return static_cast<int>(n) * canvas / static_cast<int>(parts); };
  const int begin = at(part);
  return {parts == 2 ? begin : (begin + grid - 1) / grid * grid, at(part + 1)};
}

EmojiOptions checked(EmojiOptions options) {
  check_ranges(options, "emoji world");
  if (options.canvas % 16)
    fail("canvas {}: expected a multiple of 16 from 64 to 512", options.canvas);
  if (options.large < options.small)
    fail("large {}: expected {} (small) to {}", options.large, options.small, kSide);
  if (options.most < options.fewest)
    fail("most {}: expected {} (fewest) to {}", options.most, options.fewest, kMostThings);
  for (size_t part = 0; part < 3 && options.most > static_cast<int>(kQuarters); ++part) {
    const Span span = part_of(part, 3, options.grid, kSide);
    if (options.tiny > span.end - span.begin)
      fail("tiny {}: on a grid of {} six things have room for {}", options.tiny, options.grid,
           span.end - span.begin);
  }
  if (options.conversations && options.comparisons)
    fail("conversations and comparisons: expected one of both");
  return options;
}

std::vector<Kind> first_kinds(const EmojiOptions& options) {
  auto kinds = read_kinds(options.kinds_file);
  if (static_cast<size_t>(options.kinds) > kinds.size()) {
    fail("kinds {}: {} lists {}", options.kinds, options.kinds_file, kinds.size());
  }
  kinds.resize(options.kinds);
  return kinds;
}

uint64_t mix(uint64_t hash, uint64_t value) { return derive_seed(hash ^ value, value); }

int on_grid(Dice& dice, int grid, int low, int high) {
  low = (low + grid - 1) / grid * grid;
  return low + grid * static_cast<int>(dice.below((high - low) / grid + 1));
}

// At one end or, where there is room, near it, in the middle, or so at the other end, and never in
// between, where no word would fit.
int third(Dice& dice, int grid, int free) {
  const int near = free > 4 * grid ? grid * static_cast<int>(dice.below(2)) : 0;
  switch (dice.below(3)) {
    case 0:
      return near;
    case 1:
      return free / 2 / grid * grid;
    default:
      return free - near;
  }
}

}  // namespace

const char* split_name(Split split) {
  constexpr const char* kNames[] = {"train", "compositions", "pairs", "styles"};
  return kNames[static_cast<int>(split)];
}

EmojiWorld::EmojiWorld(const EmojiOptions& options)
    : options_(checked(options)),
      icons_(options.packages, first_kinds(options), options.canvas > kSide) {}

bool EmojiWorld::reserved_composition(const Scene& scene) const {
  uint64_t hash = options_.seed;
  std::vector<size_t> kinds;
  for (const auto& object : scene.objects) kinds.push_back(object.kind);
  std::sort(kinds.begin(), kinds.end());
  for (size_t kind : kinds) hash = mix(hash, kind + 1);
  if (kinds.size() == 1)
    hash = mix(mix(hash, 1000 + scene.background), 2000 + static_cast<int>(scene.objects[0].style));
  return hash % 100 < 10;
}

bool EmojiWorld::reserved_pair(const Scene& scene) const {
  return std::any_of(scene.objects.begin(), scene.objects.end(), [&](const Object& object) {
    return mix(mix(options_.seed + 77, object.kind + 1), 5000 + scene.background) % 100 < 6;
  });
}

bool EmojiWorld::reserved_style(const Scene& scene) const {
  return std::any_of(scene.objects.begin(), scene.objects.end(), [&](const Object& object) {
    const size_t turn = (object.kind / 10 + 1) % options_.styles;  // glossy, (plain,) flat
    return object.kind % 10 == 9 && object.style == static_cast<Style>(turn);
  });
}

bool EmojiWorld::belongs(const Scene& scene, Split split) const {
  return reserved_composition(scene) == (split == Split::kCompositions) &&
         reserved_pair(scene) == (split == Split::kPairs) &&
         reserved_style(scene) == (split == Split::kStyles);
}

size_t EmojiWorld::how_many(Dice& dice) const {
  const size_t roll = dice.below(100), fewest = options_.fewest, most = options_.most;
  if (most <= kQuarters) {
    const size_t usual = roll < 40 ? 1 : roll < 75 ? 2 : roll < 90 ? 3 : 4;
    return std::clamp(usual, fewest, most);
  }
  const size_t usual = std::max<size_t>(roll < 40 ? 1 : roll < 70 ? 2 : roll < 80 ? 3 : 4, fewest);
  return usual < kQuarters ? usual : usual + dice.below(most - usual + 1);
}

Scene EmojiWorld::propose(Dice& dice, Split split) const {
  using Layout = Scene::Layout;
  Scene scene;
  const int canvas = options_.canvas, scale = canvas / kSide, grid = options_.grid * scale;
  const size_t count = how_many(dice);
  scene.background = dice.below(options_.backgrounds);
  scene.layout = count == 1          ? Layout::kOne
                 : count > kQuarters ? Layout::kSixths
                 : count > 2         ? Layout::kQuadrants
                 : dice.chance(0.5)  ? Layout::kSideBySide
                                     : Layout::kStacked;
  const bool repeat = count > 1 && dice.chance(0.3);
  const Style style = options_.styles == kStyles ? static_cast<Style>(dice.below(kStyles))
                      : dice.chance(0.5)         ? Style::kFlat
                                                 : Style::kGlossy;
  const bool sixths = scene.layout == Layout::kSixths;
  const size_t columns = sixths && dice.chance(0.5) ? 3 : 2, rows = sixths ? 5 - columns : 2;
  std::vector<size_t> cells(columns * rows);
  std::iota(cells.begin(), cells.end(), 0);
  dice.shuffle(cells);
  cells.resize(count);
  std::sort(cells.begin(), cells.end());
  for (size_t i = 0; i < count; ++i) {
    Object object;
    object.kind = repeat && i > 0 ? scene.objects[0].kind : dice.below(icons_.kinds().size());
    object.style = style;
    // An unseen style is only met by the kinds that lack one.
    if (split == Split::kStyles && i == 0)
      object.kind = 9 + 10 * dice.below(icons_.kinds().size() / 10);
    object.small = count > 1 || dice.chance(0.3);
    object.size = (sixths ? options_.tiny : object.small ? options_.small : options_.large) * scale;
    const int free = canvas - object.size;
    const auto inside = [&](size_t part, size_t parts) {
      const Span span = part_of(part, parts, grid, canvas);
      return span.begin + on_grid(dice, grid, 0, span.end - span.begin - object.size);
    };
    if (count == 1) {
      object.x = third(dice, grid, free);
      object.y = third(dice, grid, free);
    } else if (count == 2) {
      const int along = inside(i, 2), beside = on_grid(dice, grid, free / 3, free - free / 3);
      const bool across = scene.layout == Layout::kSideBySide;
      object.x = across ? along : beside;
      object.y = across ? beside : along;
    } else {
      object.x = inside(cells[i] % columns, columns);
      object.y = inside(cells[i] / columns, rows);
    }
    scene.objects.push_back(object);
  }
  return scene;
}

// The dice of one sample; `what` they are thrown for.
Dice EmojiWorld::dice_of(int what, Split split, int64_t index) const {
  return Dice(derive_seed(derive_seed(options_.seed, what + static_cast<int>(split)), index));
}

Scene EmojiWorld::scene(Split split, int64_t index) const {
  Dice dice = dice_of(10, split, index);
  for (int proposal = 0; proposal < kMaxProposals; ++proposal) {
    Scene scene = propose(dice, split);
    if (belongs(scene, split)) return scene;
  }
  fail("seed {}: reserves no scene for '{}' among {} kinds; expected another seed or more kinds",
       options_.seed, split_name(split), options_.kinds);
}

Sample EmojiWorld::sample(Split split, int64_t index) {
  const Scene what = scene(split, index);
  Dice dice = dice_of(20, split, index);
  Sample sample;
  sample.key = fmt::format("{}-{:07}", split_name(split), index);
  sample.image_bytes = picture(what);
  sample.caption = caption(what, wording(), dice);
  sample.turns = options_.conversations ? conversations(what, wording(), dice)
                                        : questions(what, wording(), dice);
  sample.metadata = describe(what, kinds()).dump();
  return sample;
}

std::string EmojiWorld::picture(const Scene& scene) {
  return encode_png(draw(scene, icons_, options_.canvas), {}, 1);
}

Sample EmojiWorld::comparison(Split split, int64_t index) {
  const auto scenes = compose_story(*this, split, index).scenes;
  Dice dice = dice_of(50, split, index);
  const size_t i = dice.below(scenes.size() - 1);
  Sample sample;
  sample.key = fmt::format("comparison-{}-{:07}", split_name(split), index);
  sample.image_bytes = picture(scenes[i]);
  sample.others.push_back({"", picture(scenes[i + 1])});
  sample.turns = comparisons(scenes[i], scenes[i + 1], kinds(), options_.canvas, dice);
  sample.metadata =
      Json{{"scenes", {describe(scenes[i], kinds()), describe(scenes[i + 1], kinds())}}}.dump();
  return sample;
}

Sample EmojiWorld::story(Split split, int64_t index) {
  const auto [scenes, changes] = compose_story(*this, split, index);
  Dice dice = dice_of(40, split, index);
  // What is drawn is judged in scenes held apart: there only one picture may be right.
  const bool placed = split != Split::kTrain || dice.chance(0.7);
  const bool places = placed && scenes[0].objects.size() > 1;
  Sample sample;
  sample.key = fmt::format("story-{}-{:07}", split_name(split), index);
  Json frames = Json::array();
  for (size_t i = 0; i < scenes.size(); ++i) {
    Json frame = describe(scenes[i], kinds());
    if (i > 0) frame["change"] = describe(changes[i - 1]);
    frames.push_back(std::move(frame));
    const std::string text = i > 0    ? say(changes[i - 1], dice)
                             : places ? placed_caption(scenes[0], wording(), dice)
                                      : caption(scenes[0], wording(), dice);
    sample.frames.push_back({text, picture(scenes[i])});
  }
  sample.metadata = Json{{"frames", std::move(frames)}}.dump();
  return sample;
}

}  // namespace showo::emoji
