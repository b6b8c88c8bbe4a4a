// A text that goes on from a row: an answer about a picture, or text alone; the engine's job.
#pragma once

#include <optional>

#include "showo/generate/job.h"
#include "showo/generate/writing.h"

namespace showo {

class TextJob : public Job {
 public:
  /// Behind `row`, whose pictures may be `features`; otherwise as Writing.
  TextJob(const LlmConfig& llm, Row row, Tensor features, const TextOptions& options,
          std::vector<int64_t> stops, uint64_t seed, OnToken on_token = {});

  std::vector<Beginning> beginnings() override { return {{context_.row, features_, true}}; }
  void begin(std::vector<Context> read, std::vector<Tensor> logits) override;
  std::vector<Request> next() override;
  void take(std::vector<Tensor> logits) override { writing_.take(logits[0]); }
  bool step_alone(const Network& network) override { return writing_.step_alone(network); }
  bool done() const override { return writing_.done(); }
  void release() override;
  int64_t most_tokens() const override { return most_tokens_; }
  /// Of the row that the text goes on from.
  int64_t prompt_tokens() const { return prompt_tokens_; }
  /// The text, and how it ended.
  const Writing& text() const { return writing_; }

 private:
  Tensor features_;
  Context context_;
  int64_t prompt_tokens_;
  int64_t most_tokens_;
  Writing writing_;
};

}  // namespace showo
