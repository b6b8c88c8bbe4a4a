#include "showo/data/emoji_story.h"

#include <algorithm>

namespace showo::emoji {
namespace {

constexpr int kMaxStories = 10'000, kMaxChanges = 200;
constexpr size_t kFewestScenes = 3, kMostScenes = 6, kMostCorners = 4;

class Teller {
 public:
  Teller(const EmojiWorld& world, Split split, int64_t index)
      : world_(world),
        split_(split),
        canvas_(world.options().canvas),
        small_(world.options().small * canvas_ / 64),
        dice_(derive_seed(derive_seed(world.options().seed, 30 + static_cast<int>(split)), index)) {
  }

  // Told backwards, it is a story too: so things leave as often as they come.
  std::vector<Scene> scenes() {
    for (int attempt = 0; attempt < kMaxStories; ++attempt) {
      const size_t count = kFewestScenes + dice_.below(kMostScenes - kFewestScenes + 1);
      std::vector<Scene> scenes = {opening()};
      while (scenes.size() < count && go_on(scenes)) continue;
      if (scenes.size() < count) continue;
      if (dice_.chance(0.5)) std::ranges::reverse(scenes);
      return scenes;
    }
    fail("seed {}: no story has only scenes of '{}' among {} kinds; expected more kinds",
         world_.options().seed, split_name(split_), world_.kinds().size());
  }

 private:
  // Any scene of the split, its things mostly in the corners, where there is room beside them.
  Scene opening() {
    constexpr size_t kMany = size_t{1} << 40;
    Scene scene;
    do {
      scene = world_.scene(split_, static_cast<int64_t>(dice_.below(kMany)));
    } while (scene.objects.size() > kMostCorners);
    if (dice_.chance(0.25)) return scene;
    auto places = corners();
    dice_.shuffle(places);
    for (size_t i = 0; i < scene.objects.size(); ++i) {
      Object& object = scene.objects[i];
      object.small = true;
      object.size = small_;
      std::tie(object.x, object.y) = places[i];
    }
    arrange(scene);
    return scene;
  }

  bool go_on(std::vector<Scene>& scenes) {
    for (int attempt = 0; attempt < kMaxChanges; ++attempt) {
      Scene scene = scenes.back();
      if (!change(scene)) continue;
      arrange(scene);
      if (!world_.belongs(scene, split_) || std::ranges::count(scenes, scene)) continue;
      scenes.push_back(scene);
      return true;
    }
    return false;
  }

  bool change(Scene& scene) {
    switch (dice_.below(5)) {
      case 0:
        return appear(scene);
      case 1:
        return leave(scene);
      case 2:
        return move(scene);
      case 3:
        return replace(scene);
      default:
        scene.background = dice_.below(world_.options().backgrounds);
        return true;
    }
  }

  bool appear(Scene& scene) {
    if (scene.objects.size() == kMostCorners) return false;
    Object object = any(scene);
    if (!dice_.chance(0.35) && !another_kind(scene, object)) return false;
    object.small = true;
    object.size = small_;
    if (!place(object, corners(), scene)) return false;
    scene.objects.push_back(object);
    return true;
  }

  bool leave(Scene& scene) {
    if (scene.objects.size() == 1) return false;
    any(scene) = scene.objects.back();
    scene.objects.pop_back();
    return true;
  }

  bool move(Scene& scene) {
    Object& object = any(scene);
    const Object before = object;
    Scene others = scene;
    std::erase(others.objects, before);
    return place(object, others.objects.empty() ? nine(object.size) : corners(), others) &&
           where(object) != where(before);
  }
  std::string where(const Object& object) const {
    return place_at(2 * object.x + object.size, 2 * object.y + object.size, canvas_);
  }

  bool replace(Scene& scene) { return another_kind(scene, any(scene)); }

  Object& any(Scene& scene) { return scene.objects[dice_.below(scene.objects.size())]; }

  // Makes it of a kind that is not there yet.
  bool another_kind(const Scene& scene, Object& object) {
    const size_t kind = dice_.below(world_.kinds().size());
    if (std::ranges::count(scene.objects, kind, &Object::kind)) return false;
    object.kind = kind;
    return true;
  }

  using Places = std::vector<std::pair<int, int>>;

  // Puts it to one of the places that are free in a scene.
  bool place(Object& object, const Places& places, const Scene& scene) {
    std::tie(object.x, object.y) = places[dice_.below(places.size())];
    return std::ranges::none_of(scene.objects,
                                [&](const Object& other) { return object.overlaps(other); });
  }

  Places corners() const {
    const int half = canvas_ / 2;
    return {{0, 0}, {half, 0}, {0, half}, {half, half}};
  }

  Places nine(int size) const {
    const int free = canvas_ - size, grid = world_.options().grid * canvas_ / 64;
    Places places;
    for (const int y : {0, free / 2 / grid * grid, free})
      for (const int x : {0, free / 2 / grid * grid, free}) places.emplace_back(x, y);
    return places;
  }

  // Things in the order of their layout (scene.h), which is what captions say of them.
  void arrange(Scene& scene) const {
    using Layout = Scene::Layout;
    const auto& objects = scene.objects;
    const auto apart = [](const Object& a, const Object& b) {
      return a.x + a.size <= b.x || b.x + b.size <= a.x;
    };
    scene.layout = objects.size() == 1             ? Layout::kOne
                   : objects.size() > 2            ? Layout::kQuadrants
                   : apart(objects[0], objects[1]) ? Layout::kSideBySide
                                                   : Layout::kStacked;
    const bool across = scene.layout == Layout::kSideBySide;
    std::ranges::sort(scene.objects, {}, [&](const Object& object) {
      return across ? std::pair(object.x, object.y) : std::pair(object.y, object.x);
    });
  }

  const EmojiWorld& world_;
  Split split_;
  int canvas_, small_;
  Dice dice_;
};

}  // namespace

Story compose_story(const EmojiWorld& world, Split split, int64_t index) {
  Story story{Teller(world, split, index).scenes(), {}};
  for (size_t i = 1; i < story.scenes.size(); ++i)
    story.changes.push_back(change_between(story.scenes[i - 1], story.scenes[i], world.kinds(),
                                           world.options().canvas));
  return story;
}

}  // namespace showo::emoji
