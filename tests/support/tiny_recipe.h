// A recipe of Show-o for runs of a second: pictures of 16×16, a new image tokenizer of 4 bits, the
// embedded model's text tokenizer.
#pragma once

#include "showo/codec/checkpoint.h"
#include "showo/codec/initialise.h"
#include "showo/train/trainer.h"
#include "tests/support/tiny_shard.h"

namespace showo {

/// Writes what it needs into `folder`: codec/, and shards a.tar of 7 pictures and b.tar of 3.
inline ShowoRecipe tiny_recipe(const fs::path& folder) {
  Magvit codec(CodecConfig{32, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 4});
  initialise_codec(codec, 1);
  save_codec(folder / "codec", codec);
  write_tiny_shard(folder / "a.tar", 7, 16);
  write_tiny_shard(folder / "b.tar", 3, 16);
  ShowoRecipe recipe;
  recipe.llm.hidden_size = 32;
  recipe.llm.intermediate_size = 64;
  recipe.llm.num_hidden_layers = recipe.llm.num_attention_heads = 2;
  recipe.text_tokens = 16;
  recipe.codec = (folder / "codec").string();
  recipe.tokenizer = SHOWO_SOURCE_DIR "/configs/embedded/llm";
  recipe.data.t2i.path = (folder / "a.tar").string();
  recipe.data.mmu.path = (folder / "b.tar").string();
  recipe.batch = {.t2i = 1, .lm = 0, .mmu = 1, .image_size = 16};
  recipe.optimizer.warmup_steps = 2;
  recipe.optimizer.lr = 1e-3;
  recipe.steps = 6;
  recipe.preview_every = recipe.checkpoint_every = 100;
  return recipe;
}

}  // namespace showo
