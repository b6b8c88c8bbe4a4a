#include "showo/generate/text_job.h"

namespace showo {

TextJob::TextJob(const LlmConfig& llm, Row row, Tensor features, const TextOptions& options,
                 std::vector<int64_t> stops, uint64_t seed, OnToken on_token)
    : features_(std::move(features)),
      context_{std::move(row), KvCache(llm.num_hidden_layers)},
      prompt_tokens_(context_.row.length()),
      most_tokens_(std::min(context_.row.length() + options.max_tokens,
                            std::max(llm.max_position_embeddings, context_.row.length()))),
      writing_(context_, options, std::move(stops), llm.max_position_embeddings, seed,
               std::move(on_token)) {
  options.check();
}

void TextJob::begin(std::vector<Context> read, std::vector<Tensor> logits) {
  context_ = std::move(read[0]);
  writing_.take(logits[0]);
}

std::vector<Request> TextJob::next() {
  std::vector<Request> requests;
  requests.push_back(writing_.request());
  return requests;
}

void TextJob::release() {
  writing_.release();
  context_.cache = KvCache(context_.cache.layers());
}

}  // namespace showo
