// Whether a model tells stories (paper 4.4) of the emoji world as they should be told: what a text
// asks for is in the next picture, all else stays, and what the model writes comes true. Judged by
// the recogniser alone, which knows nothing of the model.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "showo/data/changes.h"
#include "showo/eval/recogniser.h"

namespace showo {

/// What a scene shows after a change; nothing where it cannot happen: the thing is not there, its
/// new place is taken, the background has that colour already. `canvas`: pixels a side.
std::optional<SceneContents> changed(const SceneContents& scene, const emoji::Change& change,
                                     int64_t canvas);

/// What was found in a picture, beside what it should show.
struct FrameJudgement {
  bool change = false;             // what was asked for is there
  int64_t others = 0, stayed = 0;  // things that should not change, and those still in their places
  bool background = false;         // the right one
  bool number = false;             // as many things as there should be
  bool all() const { return change && stayed == others && background && number; }
};

/// Of a picture after a change, `before` and `after` being what is and should be shown. Places
/// count to a cell of the recogniser; what moved has to be nearer to its new place than to its old
/// one.
FrameJudgement judge_change(const emoji::Change& change, const SceneContents& before,
                            const SceneContents& after, const SceneContents& found, int64_t canvas);
/// Of a story's first picture: every thing of the scene is asked for.
FrameJudgement judge_scene(const SceneContents& scene, const SceneContents& found);

/// Sums of such judgements.
struct FrameTally {
  int64_t judged = 0, change = 0, others = 0, stayed = 0, background = 0, number = 0, all = 0;
  void add(const FrameJudgement& judgement);
};
/// Of texts that the model wrote: how many there were, said a change, one that could happen to what
/// the picture before it shows, and one that the picture after it shows with all else as it was.
struct TextTally {
  int64_t written = 0, read = 0, possible = 0, true_of_picture = 0;
};

struct StoryFigures {
  /// By the kind of change (appear, leave, move, replace, background), by place in the story
  /// ("frame 1", "frame 2" …) and "all", which counts changes.
  std::map<std::string, FrameTally> frames;
  TextTally texts;
};

/// What judge_stories asks of a model.
struct Storyteller {
  /// The picture that follows `story` and `text`.
  std::function<Image(const std::vector<SampleFrame>& story, const std::string& text)> draw;
  /// The text that follows `story`; empty where the model ends it.
  std::function<std::string(const std::vector<SampleFrame>& story)> write;
};

enum class Telling {
  kTold,     // the shard's texts; every picture is the model's own, from the first on
  kEdited,   // each change alone: behind the shard's picture before it, of which nothing is told
  kWritten,  // the shard's first text; then as many texts of the model's own as the story has
};

/// What judges pictures, of these kinds of things.
struct Eye {
  std::function<SceneContents(const Image&)> recognise;
  std::vector<std::string> kinds;
};
Eye eye_of(Recogniser recogniser);

/// The first `stories` of shards of stories.
StoryFigures judge_stories(const Storyteller& teller, const Eye& eye, const std::string& shards,
                           int64_t stories, Telling telling);

}  // namespace showo
