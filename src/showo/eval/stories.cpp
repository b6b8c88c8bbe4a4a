#include "showo/eval/stories.h"

#include <algorithm>

#include "showo/core/log.h"
#include "showo/data/shards.h"
#include "showo/data/stream.h"
#include "showo/image/tensor.h"

namespace showo {
namespace {

using emoji::Change;
using Place = SceneContents::Place;

std::string word_of(const Place& place, int64_t canvas) {
  return emoji::place_at(static_cast<int>(2 * place.x), static_cast<int>(2 * place.y),
                         static_cast<int>(canvas));
}

// A thing of that size at a place that is said.
Place at(const std::string& kind, const std::string& word, int64_t size, int64_t canvas) {
  const auto along = [&](const char* first, const char* last) {
    if (word.find(first) != std::string::npos) return size / 2;
    return word.find(last) != std::string::npos ? canvas - size / 2 : canvas / 2;
  };
  return {kind, along("left", "right"), along("top", "bottom"), size};
}

bool overlap(const Place& a, const Place& b) {
  const int64_t apart = (a.size + b.size) / 2;
  return std::abs(a.x - b.x) < apart && std::abs(a.y - b.y) < apart;
}

// In cells of so many pixels.
int64_t distance(const Place& a, const Place& b, int64_t cell) {
  const auto apart = [&](int64_t x, int64_t y) { return std::abs(x / cell - y / cell); };
  return std::max(apart(a.x, b.x), apart(a.y, b.y));
}

bool near(const Place& a, const Place& b, int64_t cell) {
  return a.kind == b.kind && distance(a, b, cell) <= 1;
}

int64_t count(const SceneContents& scene, const std::string& kind) {
  return std::ranges::count(scene.places, kind, &Place::kind);
}

void recount(SceneContents& scene) {
  scene.things = std::ssize(scene.places);
  scene.kinds.clear();
  for (const Place& place : scene.places) scene.kinds.insert(place.kind);
}

// The thing that a change names, or none where no thing or several are of that name.
const Place* meant(const SceneContents& scene, const Change& change, int64_t canvas) {
  const Place* found = nullptr;
  for (const Place& place : scene.places) {
    if (place.kind != change.thing) continue;
    if (!change.place.empty() && word_of(place, canvas) != change.place) continue;
    if (found) return nullptr;
    found = &place;
  }
  return found;
}

bool put(SceneContents& scene, const Place& place) {
  if (std::ranges::any_of(scene.places, [&](const Place& other) { return overlap(place, other); }))
    return false;
  scene.places.push_back(place);
  return true;
}

// Whether `found` has the thing there. Of several of a kind the recogniser names one place: that
// one counts for all.
bool shows(const SceneContents& found, const SceneContents& wanted, const Place& place) {
  const bool several = count(wanted, place.kind) > 1;
  return std::ranges::any_of(found.places, [&](const Place& there) {
    return near(there, place, found.cell) ||
           (several &&
            std::ranges::any_of(wanted.places,
                                [&](const Place& one) { return near(there, one, found.cell); }) &&
            there.kind == place.kind);
  });
}

// The thing of a scene that a change brought there, if it did.
const Place* brought(const Change& change, const SceneContents& after, int64_t canvas) {
  if (change.kind == Change::Kind::kLeave || change.kind == Change::Kind::kBackground)
    return nullptr;
  const bool becomes = change.kind == Change::Kind::kReplace;
  const std::string& word = change.kind == Change::Kind::kAppear ? change.place : change.to;
  for (const Place& place : after.places) {
    if (place.kind != (becomes ? change.to : change.thing)) continue;
    if (becomes || word_of(place, canvas) == word) return &place;
  }
  return nullptr;
}

}  // namespace

std::optional<SceneContents> changed(const SceneContents& scene, const Change& change,
                                     int64_t canvas) {
  SceneContents after = scene;
  if (change.kind == Change::Kind::kBackground) {
    after.background = change.to;
    return scene.background == change.to ? std::nullopt : std::optional(after);
  }
  if (change.kind == Change::Kind::kAppear) {
    const int64_t size = scene.places.empty() ? canvas / 2 : scene.places[0].size;
    if (!put(after, at(change.thing, change.place, size, canvas))) return std::nullopt;
    recount(after);
    return after;
  }
  const Place* const thing = meant(scene, change, canvas);
  if (!thing) return std::nullopt;
  const auto it = after.places.begin() + (thing - scene.places.data());
  if (change.kind == Change::Kind::kReplace) {
    if (it->kind == change.to) return std::nullopt;
    it->kind = change.to;
  } else {
    const Place before = *thing;
    after.places.erase(it);
    const bool moves = change.kind == Change::Kind::kMove;
    if (moves && (word_of(before, canvas) == change.to ||
                  !put(after, at(before.kind, change.to, before.size, canvas))))
      return std::nullopt;
  }
  recount(after);
  return after;
}

FrameJudgement judge_change(const Change& change, const SceneContents& before,
                            const SceneContents& after, const SceneContents& found,
                            int64_t canvas) {
  FrameJudgement judgement;
  const Place* const come = brought(change, after, canvas);
  judgement.background = found.background == after.background;
  judgement.number = found.things == after.things;
  for (const Place& place : after.places) {
    if (&place == come) continue;
    ++judgement.others;
    judgement.stayed += shows(found, after, place);
  }
  // Of several of a kind nobody knows which one was found.
  const bool told_apart = change.kind == Change::Kind::kMove && count(after, change.thing) == 1;
  const Place* const old = told_apart ? meant(before, change, canvas) : nullptr;
  const bool moved = !come || !old || std::ranges::any_of(found.places, [&](const Place& there) {
    return there.kind == old->kind &&
           distance(there, *come, found.cell) < distance(there, *old, found.cell);
  });
  const bool left = !after.kinds.contains(change.thing) && found.kinds.contains(change.thing);
  switch (change.kind) {
    case Change::Kind::kBackground:
      judgement.change = judgement.background;
      break;
    case Change::Kind::kLeave:
      judgement.change = judgement.number && !left;
      break;
    default:
      judgement.change = come && shows(found, after, *come) && moved && !left &&
                         (judgement.number || !change.another);
  }
  return judgement;
}

FrameJudgement judge_scene(const SceneContents& scene, const SceneContents& found) {
  FrameJudgement judgement;
  judgement.background = found.background == scene.background;
  judgement.number = found.things == scene.things;
  judgement.change =
      found.kinds == scene.kinds && std::ranges::all_of(scene.places, [&](const Place& place) {
        return shows(found, scene, place);
      });
  return judgement;
}

void FrameTally::add(const FrameJudgement& judgement) {
  ++judged;
  change += judgement.change;
  others += judgement.others;
  stayed += judgement.stayed;
  background += judgement.background;
  number += judgement.number;
  all += judgement.all();
}

namespace {

// What a picture shows, as far as that is known: what it should where it does, else what was found
// in it, where that is every thing. `wanted` again where several of a kind are there and one was
// found.
SceneContents shown(const SceneContents& wanted, bool as_wanted, const SceneContents& found,
                    int64_t canvas) {
  if (as_wanted || found.things != std::ssize(found.places)) return wanted;
  SceneContents scene = found;
  for (Place& place : scene.places)
    place.size = wanted.places.empty() ? canvas / 2 : wanted.places[0].size;
  return scene;
}

// One story after another, judged frame by frame.
class StoryJudge {
 public:
  StoryJudge(const Storyteller& teller, const Eye& eye, Telling telling)
      : teller_(teller), eye_(eye), telling_(telling) {
    for (const auto& name : eye.kinds) kinds_.push_back({"", name, ""});
  }
  const StoryFigures& figures() const { return figures_; }

  void judge(const Sample& story) {
    const auto scenes = story_contents_of(story);
    if (telling_ == Telling::kEdited) return judge_edits(story, scenes);
    story_.clear();
    const SceneContents first = draw(story.frames[0].text);
    const auto judgement = judge_scene(scenes[0], first);
    count("frame 1", judgement);
    scene_ = shown(scenes[0], judgement.all(), first, canvas_);
    for (size_t i = 1; i < scenes.size(); ++i) {
      if (telling_ == Telling::kWritten) {
        if (!judge_written()) return;
      } else {
        judge_frame(i, read(story, i), scenes[i - 1], scenes[i], draw(story.frames[i].text));
      }
    }
  }

 private:
  Change read(const Sample& story, size_t frame) const {
    const auto change = emoji::read_change(story.frames[frame].text, kinds_);
    if (!change)
      fail("{}: frames[{}]: '{}' tells no change", story.title(), frame, story.frames[frame].text);
    return *change;
  }

  SceneContents draw(const std::string& text) {
    const Image picture = teller_.draw(story_, text);
    canvas_ = picture.width;
    story_.push_back({text, "", "", picture});
    return eye_.recognise(picture);
  }

  void judge_edits(const Sample& story, const std::vector<SceneContents>& scenes) {
    for (size_t i = 1; i < scenes.size(); ++i) {
      story_ = {{"", "", "", story.frames[i - 1].picture}};
      judge_frame(i, read(story, i), scenes[i - 1], scenes[i], draw(story.frames[i].text));
    }
  }

  // False where the model ends the story.
  bool judge_written() {
    const size_t frame = story_.size();
    const std::string text = teller_.write(story_);
    if (text.empty()) return false;
    ++figures_.texts.written;
    const SceneContents found = draw(text);
    const auto change = emoji::read_change(text, kinds_);
    figures_.texts.read += change.has_value();
    const auto after = change ? changed(scene_, *change, canvas_) : std::nullopt;
    const bool is_true = after && judge_frame(frame, *change, scene_, *after, found).all();
    figures_.texts.possible += after.has_value();
    figures_.texts.true_of_picture += is_true;
    scene_ = shown(after.value_or(scene_), is_true, found, canvas_);
    return true;
  }

  FrameJudgement judge_frame(size_t frame, const Change& change, const SceneContents& before,
                             const SceneContents& after, const SceneContents& found) {
    const auto judgement = judge_change(change, before, after, found, canvas_);
    count(fmt::format("frame {}", frame + 1), judgement);
    count(emoji::describe(change).at("kind"), judgement);
    count("all", judgement);
    return judgement;
  }
  void count(const std::string& name, const FrameJudgement& judgement) {
    figures_.frames[name].add(judgement);
  }

  const Storyteller& teller_;
  const Eye& eye_;
  Telling telling_;
  std::vector<emoji::Kind> kinds_;
  StoryFigures figures_;
  std::vector<SampleFrame> story_;  // as far as it is told
  SceneContents scene_;             // what its last picture shows
  int64_t canvas_ = 0;
};

}  // namespace

Eye eye_of(Recogniser recogniser) {
  const auto recognise = [recogniser](const Image& picture) mutable {
    return recogniser->recognise(to_tensor(picture).unsqueeze(0)).front();
  };
  return {recognise, recogniser->config.kinds};
}

StoryFigures judge_stories(const Storyteller& teller, const Eye& eye, const std::string& shards,
                           int64_t stories, Telling telling) {
  StoryJudge judge(teller, eye, telling);
  Progress progress("stories", stories);
  int64_t done = 0;
  for (const auto& shard : find_shards(shards)) {
    ShardReader reader(shard);
    for (auto story = reader.next(); story && done < stories; story = reader.next()) {
      for (SampleFrame& frame : story->frames) frame.picture = picture_of(frame, story->title());
      judge.judge(*story);
      progress.update(++done);
    }
  }
  return judge.figures();
}

}  // namespace showo
