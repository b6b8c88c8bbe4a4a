// Where training starts (paper 3.5): from scratch, from a Show-o model, or from a language model
// that is grown by the special tokens, the image codes and QK-norm.
#pragma once

#include "showo/text/tokenizer.h"
#include "showo/train/recipe.h"

namespace showo {

/// `init_from` empty: a model of recipe.llm's dimensions with new weights. A folder whose
/// config.json is a language model's: its weights; rows beyond its vocabulary and QK-norm are new.
/// Otherwise a Show-o folder. Throws Error naming what does not fit.
Showo starting_model(const ShowoRecipe& recipe, const Tokenizer& tokenizer,
                     const CodecConfig& codec);

}  // namespace showo
