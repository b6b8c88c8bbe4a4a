#include "showo/generate/text_sampler.h"

#include "showo/core/option_error.h"

namespace showo {

void TextOptions::check() const {
  check_options(*this);
  if (jacobi > 1 && !greedy())
    throw OptionError("jacobi", std::to_string(jacobi), "guesses serve greedy texts alone");
}

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

}  // namespace showo
