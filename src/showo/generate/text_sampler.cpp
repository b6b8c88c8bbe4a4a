#include "showo/generate/text_sampler.h"

#include <algorithm>
#include <numeric>

#include "showo/core/option_error.h"
#include "showo/generate/token_step.h"

namespace showo {

void TextOptions::check() const { check_options(*this); }

int64_t choose_token(const Tensor& logits, const TextOptions& options, at::Generator& random) {
  if (options.greedy()) return logits.argmax().item<int64_t>();
  auto [sorted, order] =
      (logits.to(torch::kFloat) / options.temperature).sort(/*dim=*/0, /*descending=*/true);
  if (options.top_k > 0 && options.top_k < sorted.size(0))
    sorted = sorted.narrow(0, 0, options.top_k);
  auto p = sorted.softmax(0);
  // A token stays while those before it have not yet reached top_p: the likeliest always does.
  p = torch::where(p.cumsum(0) - p < options.top_p, p, 0);
  return order[torch::multinomial(p, 1, false, random).item<int64_t>()].item<int64_t>();
}

namespace {

// The logits after the newest token of each open text. On a GPU all texts go on in the same memory,
// so that a step can be replayed: one that has ended costs less there than recording the step anew.
class Next {
 public:
  Next(Backbone& model, std::vector<Writing>& texts, int64_t most) : model_(model), texts_(texts) {
    if (!model->device().is_cuda() || most < kWorthRecording) return;
    std::vector<Context*> contexts;
    for (auto& text : texts) contexts.push_back(&text.context);
    step_.emplace(model, contexts, std::min(most, kRoom));
  }

  void operator()(const std::vector<size_t>& open) {
    if (step_) {
      std::vector<int64_t> newest;
      for (const auto& text : texts_)
        newest.push_back(text.tokens.empty() ? 0 : text.tokens.back());
      const auto logits = (*step_)(newest);
      for (size_t i : open) texts_[i].logits_V = logits[static_cast<int64_t>(i)];
      return;
    }
    std::vector<Context*> contexts;
    for (size_t i : open) {
      texts_[i].context.row.append_text(Ids(&texts_[i].tokens.back(), 1));
      contexts.push_back(&texts_[i].context);
    }
    const auto logits = read(model_, contexts);
    for (size_t n = 0; n < open.size(); ++n)
      texts_[open[n]].logits_V = logits[static_cast<int64_t>(n)];
  }

 private:
  static constexpr int64_t kWorthRecording = 8, kRoom = 256;  // tokens
  Backbone& model_;
  std::vector<Writing>& texts_;
  std::optional<TokenStep> step_;
};

}  // namespace

void sample_texts(Backbone& model, std::vector<Writing>& texts, const TextOptions& options,
                  std::optional<int64_t> stop, const OnToken& on_token) {
  torch::NoGradGuard no_grad;
  std::vector<int64_t> most;  // tokens a text may have
  for (const auto& text : texts) {
    const int64_t room = model->config.max_position_embeddings - text.context.next_position();
    most.push_back(std::min(options.max_tokens, room));
  }
  std::vector<size_t> open(texts.size());
  std::iota(open.begin(), open.end(), size_t{0});
  std::erase_if(open, [&](size_t i) { return most[i] < 1; });
  if (open.empty()) return;
  Next next(model, texts, std::ranges::max(most));
  while (true) {
    std::erase_if(open, [&](size_t i) {
      auto& text = texts[i];
      const int64_t token = choose_token(text.logits_V, options, text.random);
      if (on_token) on_token(i, token, text.logits_V);
      text.complete = token == stop;
      if (text.complete) return true;
      text.tokens.push_back(token);
      return std::ssize(text.tokens) == most[i];
    });
    if (open.empty()) return;
    next(open);
  }
}

}  // namespace showo
