// A Show-o small enough for a test: random weights, large enough that everything in it matters.
#pragma once

#include "showo/core/random.h"
#include "showo/model/showo.h"

namespace showo {

inline LlmConfig tiny_llm(int64_t heads = 2, int64_t head_size = 16) {
  LlmConfig llm;
  llm.hidden_size = heads * head_size;
  llm.intermediate_size = 2 * llm.hidden_size;
  llm.num_hidden_layers = 2;
  llm.num_attention_heads = heads;
  llm.vocab_size = 40;
  llm.bos_token_id = llm.eos_token_id = 39;
  return llm;
}

inline Showo tiny_showo(uint64_t seed = 3, const LlmConfig& llm = tiny_llm()) {
  ShowoConfig config;
  config.llm_vocab_size = llm.vocab_size;
  config.codebook_size = 64;
  config.vocab_size = Vocabulary::after(llm.vocab_size, 64, 39, 39).size;
  config.num_vq_tokens = 16;
  config.text_tokens = 8;
  Showo model(config, llm);
  initialise_showo(model, seed);
  torch::NoGradGuard no_grad;
  auto generator = make_generator(seed + 1);
  for (auto& parameter : model->parameters())
    parameter.add_(torch::randn(parameter.sizes(), generator), 0.1);
  return model;
}

}  // namespace showo
