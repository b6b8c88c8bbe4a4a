#include "showo/train/start.h"

#include <tuple>

#include "showo/checkpoint/finite.h"
#include "showo/checkpoint/load.h"
#include "showo/checkpoint/weights_folder.h"
#include "showo/generate/sight.h"
#include "showo/model/folder.h"
#include "showo/vision/clip_config.h"

namespace showo {
namespace {

ClipVisionConfig tower_config(const ShowoRecipe& recipe) {
  const std::string path = (recipe.tower_folder() / "config.json").string();
  return clip_vision_config_from_json(read_json(path), path);
}

ShowoConfig config_for(const ShowoRecipe& recipe, const Tokenizer& tokenizer,
                       const CodecConfig& codec) {
  ShowoConfig config;
  if (!recipe.vision.empty()) config.vision = recipe.vision;
  config.magvit_features = recipe.magvit_features;
  config.feature_width = config.seen_as() == Vision::kClip ? tower_config(recipe).hidden_size
                                                           : magvit_feature_width(config, codec);
  config.llm_vocab_size = tokenizer.size();
  config.codebook_size = codec.codebook_size();
  config.vocab_size = Vocabulary::after(tokenizer.size(), config.codebook_size, 0, 0).size;
  if (recipe.batch.image_size % codec.stride()) {
    fail("recipe: batch.image_size {} is not a multiple of the stride {} of its image tokenizer",
         recipe.batch.image_size, codec.stride());
  }
  const int64_t side = recipe.batch.image_size / codec.stride();
  config.num_vq_tokens = side * side;
  config.text_tokens = recipe.text_tokens;
  if (!recipe.attention.empty()) config.attention = recipe.attention;
  config.qk_norm = recipe.llm.qk_norm != "none";
  config.stories = recipe.batch.stories > 0;
  return config;
}

// [SOT] and [EOT] are what begins and ends the tokenizer's texts, whatever the language model's
// configuration calls so.
void set_ends(LlmConfig& llm, const ShowoRecipe& recipe, const Tokenizer& tokenizer) {
  const auto end = tokenizer.eos();
  if (!end) fail("{}: the tokenizer has no token that ends a text", recipe.tokenizer);
  llm.eos_token_id = *end;
  llm.bos_token_id = tokenizer.bos().value_or(*end);
}

Showo new_model(const ShowoRecipe& recipe, const Tokenizer& tokenizer, const CodecConfig& codec) {
  LlmConfig llm = recipe.llm;
  llm.vocab_size = tokenizer.size();
  set_ends(llm, recipe, tokenizer);
  llm.check("recipe: llm");
  const ShowoConfig config = config_for(recipe, tokenizer, codec);
  Showo model(config, with_qk_norm(llm, config.qk_norm));
  initialise_showo(model, recipe.seed);
  return model;
}

// The rows that the language model has keep its weights, its unused ones included, as in the
// reference; those beyond are new: normal(0, 0.02), biases zero, norms one.
Showo grown(const ShowoRecipe& recipe, const Tokenizer& tokenizer, const CodecConfig& codec) {
  const fs::path folder = recipe.init_from, path = folder / "config.json";
  const Json json = read_json(path);
  LlmConfig llm = llm_config_from_json(json, path.string());
  set_ends(llm, recipe, tokenizer);
  const bool has_norms = llm.qk_norm != "none";
  const ShowoConfig config = config_for(recipe, tokenizer, codec);
  Showo model(config, with_qk_norm(llm, config.qk_norm));
  initialise_showo(model, recipe.seed);
  torch::NoGradGuard no_grad;
  TensorMap tensors = read_weights(folder), wanted;
  for (auto& [name, target] : state_of(*model)) {
    const auto found = tensors.find(name.substr(std::string("showo.").size()));
    const bool is_new = (!has_norms && (name.find("q_layernorm") != std::string::npos ||
                                        name.find("k_layernorm") != std::string::npos)) ||
                        name.starts_with("mm_projector.");
    if (found == tensors.end()) {
      if (!is_new) fail("{}: tensor '{}' is missing", folder.string(), name.substr(6));
      continue;
    }
    const torch::Tensor from =
        converted(found->second, target.scalar_type(), found->first, folder.string());
    const int64_t rows = std::min(from.size(0), target.size(0));
    const bool vocabulary =
        name.starts_with("showo.model.embed_tokens.") || name.starts_with("showo.lm_head.");
    if (from.dim() != target.dim() || (!vocabulary && from.sizes() != target.sizes()) ||
        (target.dim() > 1 && from.size(1) != target.size(1))) {
      fail("{}: tensor '{}' does not fit the dimensions of its config.json", folder.string(),
           found->first);
    }
    torch::Tensor(target).narrow(0, 0, rows).copy_(from.narrow(0, 0, rows));
    tensors.erase(found);
  }
  if (!tensors.empty())
    fail("{}: tensor '{}' is unexpected", folder.string(), tensors.begin()->first);
  return model;
}

// A recipe's rows against what a row must hold and the positions that the model knows.
void check_lengths(const ShowoRecipe& recipe, const Showo& model) {
  const int64_t codes = model->config.num_vq_tokens,
                most = model->llm_config().max_position_embeddings;
  // <|mmu|> <|soi|> codes <|eoi|> [SOT] and at least one token of an answer with its [EOT]
  constexpr int64_t kAround = 6;
  const BatchOptions& batch = recipe.batch;
  const int64_t seen =
      model->config.seen_as() == Vision::kClip ? tower_config(recipe).patches() : codes;
  if (batch.mmu > 0 && batch.mmu_length < seen + kAround) {
    fail("recipe: batch.mmu_length {}: expected at least {}, as a picture has {} tokens",
         batch.mmu_length, seen + kAround, seen);
  }
  const int64_t row = recipe.text_tokens + codes + 3;  // text <|t2i|> <|soi|> codes <|eoi|>
  if (row > most) {
    fail(
        "recipe: text_tokens {} and a picture of {} tokens make rows of {}, more than the model's "
        "max_position_embeddings {}",
        recipe.text_tokens, codes, row, most);
  }
  for (const auto& [key, rows, length] : {std::tuple{"mmu_length", batch.mmu, batch.mmu_length},
                                          std::tuple{"lm_length", batch.lm, batch.lm_length}}) {
    if (rows > 0 && length > most)
      fail("recipe: batch.{} {}: more than the model's max_position_embeddings {}", key, length,
           most);
  }
}

Showo model_to_start_from(const ShowoRecipe& recipe, const Tokenizer& tokenizer,
                          const CodecConfig& codec) {
  if (recipe.init_from.empty()) return new_model(recipe, tokenizer, codec);
  if (is_language_model(recipe.init_from)) return grown(recipe, tokenizer, codec);
  Showo model = load_showo(ModelPaths::in(recipe.init_from));
  const ShowoConfig wanted = config_for(recipe, tokenizer, codec);
  if (wanted.vocab_size != model->config.vocab_size) {
    fail("{}: vocab_size is {}, the recipe's tokenizers make it {}", recipe.init_from,
         model->config.vocab_size, wanted.vocab_size);
  }
  model->config.num_vq_tokens = wanted.num_vq_tokens;  // other sizes use the same tensors
  model->config.text_tokens = wanted.text_tokens;
  model->config.stories |= wanted.stories;
  if (!recipe.attention.empty()) model->config.attention = recipe.attention;
  const bool sees_so =
      recipe.vision.empty() || (wanted.vision == model->config.vision &&
                                wanted.magvit_features == model->config.magvit_features);
  if (!sees_so) model->see_by(wanted, recipe.seed);
  return model;
}

}  // namespace

Showo starting_model(const ShowoRecipe& recipe, const Tokenizer& tokenizer,
                     const CodecConfig& codec) {
  Showo model = model_to_start_from(recipe, tokenizer, codec);
  check_lengths(recipe, model);
  return model;
}

}  // namespace showo
