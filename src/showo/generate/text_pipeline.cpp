#include "showo/generate/text_pipeline.h"

#include <cmath>

#include "showo/core/random.h"
#include "showo/text/stream_decoder.h"

namespace showo {

TextPipeline::TextPipeline(const ModelPaths& paths, torch::ScalarType dtype, torch::Device device,
                           std::optional<LowBits> low_bits) {
  tokenizer_ = Tokenizer::from_folder(paths.llm);
  if (is_language_model(paths.model)) {
    model_ = load_language_model(paths.model, dtype, device, std::move(low_bits));
    if (model_->config.model_type == "llama") begin_ = tokenizer_->bos();
    end_ = tokenizer_->eos();
  } else {
    const Showo showo = load_showo(paths, dtype, device, std::move(low_bits));
    model_ = showo->showo;
    begin_ = showo->vocabulary.bos;
    end_ = showo->vocabulary.eos;
  }
  if (tokenizer_->size() > model_->vocab_size) {
    fail("{}: the tokenizer has {} tokens, more than vocab_size {} of {}", paths.llm.string(),
         tokenizer_->size(), model_->vocab_size, paths.model.string());
  }
}

std::vector<int64_t> TextPipeline::begun(const std::string& text) const {
  auto ids = tokenizer_->encode(text);
  if (begin_) ids.insert(ids.begin(), *begin_);
  if (ids.empty() && end_) ids.push_back(*end_);  // as a text before it would have ended
  return ids;
}

std::vector<Continuation> TextPipeline::complete(const std::string& prompt,
                                                 const TextOptions& options,
                                                 const std::vector<uint64_t>& seeds,
                                                 const OnText& on_text) {
  torch::NoGradGuard no_grad;
  options.check();
  const auto ids = begun(prompt);
  const int64_t most = model_->config.max_position_embeddings;
  if (ids.empty())
    throw UsageError("the prompt is empty, and the model has no token to begin with");
  if (std::ssize(ids) >= most)
    throw UsageError(
        fmt::format("the prompt has {} tokens, expected at most {}", ids.size(), most - 1));
  Context context{{}, model_->new_cache()};
  context.row.append_text(ids);
  const auto logits = read(model_, {&context})[0];
  std::vector<Writing> texts;
  std::vector<StreamDecoder> decoders;
  for (const uint64_t seed : seeds) {
    texts.push_back({context, logits, make_generator(seed)});
    decoders.emplace_back(tokenizer_, /*begins=*/false);
  }
  std::vector<Continuation> results(seeds.size());
  const auto say = [&](size_t i, const std::string& more) {
    results[i].text += more;
    if (on_text && !more.empty()) on_text(i, more);
  };
  sample_texts(model_, texts, options, end_, [&](size_t i, int64_t token, const Tensor&) {
    if (token != end_ && token < tokenizer_->size()) say(i, decoders[i].add(token));
  });
  for (size_t i = 0; i < seeds.size(); ++i) {
    say(i, decoders[i].rest());
    results[i].complete = texts[i].complete;
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
