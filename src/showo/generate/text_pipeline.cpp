#include "showo/generate/text_pipeline.h"

#include <algorithm>
#include <cmath>

#include "showo/generate/text_job.h"
#include "showo/text/stream_decoder.h"

namespace showo {

TextPipeline::TextPipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                           std::optional<LowBits> low_bits, std::optional<EngineLimits> limits) {
  tokenizer_ = Tokenizer::from_folder(paths.llm);
  if (is_language_model(paths.model)) {
    model_ = load_language_model(paths.model, dtype, device, std::move(low_bits));
    if (model_->config.model_type == "llama") begin_ = tokenizer_->bos();
    if (const auto end = tokenizer_->eos()) ends_.push_back(*end);
  } else {
    const Showo showo = load_showo(paths, dtype, device, std::move(low_bits));
    model_ = showo->showo;
    begin_ = showo->vocabulary.bos;
    ends_ = {showo->vocabulary.eos};
  }
  const auto& others = model_->config.other_eos_token_ids;
  ends_.insert(ends_.end(), others.begin(), others.end());
  engine_ = std::make_unique<Engine>(model_, limits.value_or(engine_limits(device)));
  if (tokenizer_->size() > model_->vocab_size) {
    fail("{}: the tokenizer has {} tokens, more than vocab_size {} of {}", paths.llm.string(),
         tokenizer_->size(), model_->vocab_size, paths.model.string());
  }
}

std::vector<int64_t> TextPipeline::begun(const std::string& text) const {
  auto ids = tokenizer_->encode(text);
  if (begin_) ids.insert(ids.begin(), *begin_);
  if (ids.empty() && !ends_.empty())
    ids.push_back(ends_[0]);  // as a text before it would have ended
  return ids;
}

std::vector<Answer> TextPipeline::complete(const std::string& prompt,
                                                 const TextOptions& options,
                                                 const std::vector<uint64_t>& seeds,
                                                 const OnContinuation& on_text) {
  torch::NoGradGuard no_grad;
  options.check();
  const auto ids = begun(prompt);
  const int64_t most = model_->config.max_position_embeddings;
  if (ids.empty())
    throw UsageError("the prompt is empty, and the model has no token to begin with");
  if (std::ssize(ids) >= most)
    throw UsageError(
        fmt::format("the prompt has {} tokens, expected at most {}", ids.size(), most - 1));
  Row row;
  row.append_text(ids);
  std::vector<StreamDecoder> decoders;
  for (size_t i = 0; i < seeds.size(); ++i) decoders.emplace_back(tokenizer_, /*begins=*/false);
  std::vector<Answer> results(seeds.size());
  const auto say = [&](size_t i, const std::string& more) {
    results[i].text += more;
    if (on_text && !more.empty()) on_text(i, more);
  };
  std::vector<std::shared_ptr<TextJob>> jobs;
  for (size_t i = 0; i < seeds.size(); ++i) {
    const auto spell = [&, i](int64_t token, const Tensor&) {
      const bool end = std::ranges::find(ends_, token) != ends_.end();
      if (!end && token < tokenizer_->size()) say(i, decoders[i].add(token));
      return true;
    };
    jobs.push_back(
        std::make_shared<TextJob>(model_->config, row, Tensor(), options, ends_, seeds[i], spell));
  }
  engine_->run({jobs.begin(), jobs.end()});
  for (size_t i = 0; i < seeds.size(); ++i) {
    say(i, decoders[i].rest());
    results[i].complete = jobs[i]->text().complete();
  }
  return results;
}

Perplexity TextPipeline::perplexity(const std::string& text) {
  torch::NoGradGuard no_grad;
  const auto ids = begun(text);
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
