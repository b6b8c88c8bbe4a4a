#include "showo/generate/text_sampler.h"

namespace showo {

void TextOptions::check() const {
  if (max_tokens < 1 || max_tokens > 100'000)
    throw UsageError(fmt::format("--max-tokens {}: expected 1 to 100000", max_tokens));
  if (!(temperature > 0 && temperature <= 100))
    throw UsageError(fmt::format("--temperature {}: expected above 0 to 100", temperature));
  if (top_k < 0) throw UsageError(fmt::format("--top-k {}: expected 0 or more", top_k));
  if (!(top_p > 0 && top_p <= 1))
    throw UsageError(fmt::format("--top-p {}: expected above 0 to 1", top_p));
}

int64_t choose_token(const Tensor& logits, const TextOptions& options, at::Generator& random) {
  if (options.top_k == 1) return logits.argmax().item<int64_t>();
  auto [sorted, order] =
      (logits.to(torch::kFloat) / options.temperature).sort(/*dim=*/0, /*descending=*/true);
  if (options.top_k > 0 && options.top_k < sorted.size(0))
    sorted = sorted.narrow(0, 0, options.top_k);
  auto p = sorted.softmax(0);
  // A token stays while those before it have not yet reached top_p: the likeliest always does.
  p = torch::where(p.cumsum(0) - p < options.top_p, p, 0);
  return order[torch::multinomial(p, 1, false, random).item<int64_t>()].item<int64_t>();
}

Tensor read_text(Showo& model, Ids ids, KvCache& cache) {
  auto tokens = torch::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
  auto hidden = model->hidden(tokens, Visible::causal(), &cache);
  return model->logits(hidden[0][-1]).to(torch::kCPU, torch::kFloat);
}

Tensor read_row(Showo& model, const Row& row, KvCache& cache) {
  const auto split = row.ids.begin() + row.layout.eoi + 1;
  auto picture = torch::tensor(std::vector<int64_t>(row.ids.begin(), split)).unsqueeze(0);
  model->hidden(picture, Visible::all(), &cache);
  return read_text(model, Ids(row.ids).subspan(row.layout.eoi + 1), cache);
}

std::vector<int64_t> sample_text(Showo& model, KvCache& cache, Tensor logits,
                                 const TextOptions& options, std::optional<int64_t> stop,
                                 at::Generator& random,
                                 const std::function<void(int64_t, const Tensor&)>& on_token) {
  torch::NoGradGuard no_grad;
  std::vector<int64_t> tokens;
  for (;;) {
    const int64_t token = choose_token(logits, options, random);
    if (on_token) on_token(token, logits);
    if (token == stop) break;
    tokens.push_back(token);
    if (static_cast<int64_t>(tokens.size()) == options.max_tokens) break;
    logits = read_text(model, {&token, 1}, cache);
  }
  return tokens;
}

}  // namespace showo
