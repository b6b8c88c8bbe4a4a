// How a model is asked, as the published ones were tuned: LLaVA's dialogue in phi's template.
#pragma once

#include <string>

namespace showo {

/// Before features (28 tokens of phi-1.5's tokenizer); nothing stands there before codes.
inline constexpr const char* kSystemPrompt =
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives "
    "helpful, detailed, and polite answers to the user's questions.";

/// The text after a picture. `features`: it is seen as features, not as codes.
inline std::string question_text(const std::string& question, bool features = false) {
  return (features ? "USER: " : "USER: \n") + question + " ASSISTANT:";
}

}  // namespace showo
