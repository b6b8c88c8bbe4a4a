// The emoji world that tests draw: twelve kinds, whose icons are in tests/data/icons.
#pragma once

#include "showo/data/emoji_world.h"

namespace showo::emoji {

inline EmojiOptions small_world(uint64_t seed = 1) {
  EmojiOptions options;
  options.seed = seed;
  options.kinds = 12;
  options.packages = SHOWO_SOURCE_DIR "/tests/data/icons";
  options.kinds_file = options.packages + "/kinds.txt";
  return options;
}

}  // namespace showo::emoji
