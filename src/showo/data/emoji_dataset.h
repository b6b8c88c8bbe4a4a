// The emoji world's scenes, stories and comparisons as webdataset shards.
#pragma once

#include "showo/core/files.h"
#include "showo/data/emoji_world.h"

namespace showo::emoji {

/// Writes out/train-NNNN.tar, out/compositions.tar, out/pairs.tar, out/styles.tar and out/text.txt
/// (what is said in the world, a line each: for the text-only stream and the vocabulary), and where
/// stories are wanted out/stories-NNNN.tar and out/stories-test.tar, whose scenes are as those of
/// compositions. Of comparisons compositions alone are held apart. Shards are made side by side, by
/// as many threads as the program may use; their bytes do not depend on it.
void write_emoji_dataset(const EmojiOptions& options, const fs::path& out);

}  // namespace showo::emoji
