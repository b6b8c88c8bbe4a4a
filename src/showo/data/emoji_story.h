// Stories of the emoji world: a scene, and what happens in it one thing after another. What is not
// told of stays as it is, to the pixel.
#pragma once

#include "showo/data/changes.h"
#include "showo/data/emoji_world.h"

namespace showo::emoji {

struct Story {
  std::vector<Scene> scenes;    // 3 to 6, all of the split
  std::vector<Change> changes;  // one fewer: what leads from each to the next
};

/// Depends on the world's options, the split and the index alone. Throws Error when the split has
/// no such stories, as happens with few kinds.
Story compose_story(const EmojiWorld& world, Split split, int64_t index);

}  // namespace showo::emoji
