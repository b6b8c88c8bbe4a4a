// Text alone (the paper's third kind of row): texts that go on from a prompt.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "showo/generate/job.h"
#include "showo/options.h"
#include "showo/text/tokenizer.h"

namespace showo {

/// What stands around a language model's texts.
struct TextEnds {
  std::optional<int64_t> begin;  // [SOT], where the model was trained so
  std::vector<int64_t> ends;     // [EOT] first
};

/// Tokens of a text as the model was trained to see it; none for an empty text of a model that has
/// nothing to begin with.
std::vector<int64_t> begun(const Tokenizer& tokenizer, const TextEnds& ends,
                           const std::string& text);

/// Sees the newest whole characters of a continuation; false stops it.
using OnContinuation = std::function<bool(size_t continuation, const std::string& more)>;

/// One continuation a seed, without the prompt. Throws UsageError when the prompt leaves no room or
/// there is none to begin with.
Jobs<std::vector<Answer>> completing(const LlmConfig& llm,
                                     const std::shared_ptr<const Tokenizer>& tokenizer,
                                     const TextEnds& ends, const std::string& prompt,
                                     const TextOptions& options, const std::vector<uint64_t>& seeds,
                                     const OnContinuation& on_text = {});

}  // namespace showo
