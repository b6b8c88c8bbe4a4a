#include "showo/generate/text_pipeline.h"

#include <algorithm>
#include <cmath>

namespace showo {

TextPipeline::TextPipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                           std::optional<LowBits> low_bits, std::optional<EngineLimits> limits) {
  tokenizer_ = Tokenizer::from_folder(paths.llm);
  if (is_language_model(paths.model)) {
    model_ = load_language_model(paths.model, dtype, device, std::move(low_bits));
    if (model_->config.model_type == "llama") ends_.begin = tokenizer_->bos();
    if (const auto end = tokenizer_->eos()) ends_.ends.push_back(*end);
  } else {
    const Showo showo = load_showo(paths, dtype, device, std::move(low_bits));
    model_ = showo->showo;
    ends_.begin = showo->vocabulary.bos;
    ends_.ends = {showo->vocabulary.eos};
  }
  const auto& others = model_->config.other_eos_token_ids;
  ends_.ends.insert(ends_.ends.end(), others.begin(), others.end());
  engine_ = std::make_unique<Engine>(model_, limits.value_or(engine_limits(device)));
  if (tokenizer_->size() > model_->vocab_size) {
    fail("{}: the tokenizer has {} tokens, more than vocab_size {} of {}", paths.llm.string(),
         tokenizer_->size(), model_->vocab_size, paths.model.string());
  }
}

std::vector<Answer> TextPipeline::complete(const std::string& prompt, const TextOptions& options,
                                           const std::vector<uint64_t>& seeds,
                                           const OnContinuation& on_text) {
  torch::NoGradGuard no_grad;
  const auto work = completing(model_->config, tokenizer_, ends_, prompt, options, seeds, on_text);
  engine_->run(work.jobs);
  return work.result();
}

Perplexity TextPipeline::perplexity(const std::string& text) {
  torch::NoGradGuard no_grad;
  const auto ids = begun(*tokenizer_, ends_, text);
  const auto most = static_cast<size_t>(model_->config.max_position_embeddings);
  if (ids.size() < 2) fail("a text of {} tokens has none to predict", ids.size());
  Perplexity result;
  double sum = 0;
  for (size_t predicted = 1; predicted < ids.size();) {  // so many tokens stand before the next
    const size_t begin = predicted == 1 ? 0 : predicted - most / 2,
                 end = std::min(ids.size(), begin + most);
    Row row;
    row.append_text(Ids(ids).subspan(begin, end - begin));
    const PackedRows rows = pack({row});
    const auto hidden = model_->hidden(rows.ids_T, rows.positions_T, rows.sequences);
    const auto first = static_cast<int64_t>(predicted - 1 - begin),
               count = static_cast<int64_t>(end - predicted);
    const auto logits = model_->logits(hidden.narrow(0, first, count)).to(torch::kFloat);
    const auto targets = rows.ids_T.narrow(0, first + 1, count).to(logits.device());
    sum += torch::cross_entropy_loss(logits, targets, {}, at::Reduction::Sum).item<double>();
    result.tokens += count;
    predicted = end;
  }
  result.nats = sum / static_cast<double>(result.tokens);
  return result;
}

}  // namespace showo
