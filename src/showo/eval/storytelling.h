// A model's stories and edits on the emoji world, in figures: the program's pipeline as what
// judge_stories asks, and pictures that are redrawn by a description of what they become.
#pragma once

#include "showo/eval/stories.h"
#include "showo/generate/redrawing.h"
#include "showo/generate/story_job.h"

namespace showo {

/// Draws and writes by the engine; pictures that it drew itself are seen as the codes that they
/// were drawn as. `options.sampling` and `options.text` are used.
Storyteller teller_of(Pipeline& pipeline, const StoryOptions& options);

/// What a caption becomes by a change that one word of it tells: another background, or another
/// thing. Nothing where the caption does not say it in one place.
std::optional<std::string> redescribed(const std::string& caption, const emoji::Change& change);

/// Of the first `stories`, those whose first change can be told by a description: the first picture
/// redrawn by it.
FrameTally judge_redrawing(Pipeline& pipeline, const Eye& eye, const std::string& shards,
                           int64_t stories, const RedrawOptions& options,
                           const SamplingOptions& sampling);

}  // namespace showo
