#include "showo/model/losses.h"

namespace showo {
namespace {

// Where a row's predictions stand and what they should have been.
struct Span {
  int64_t state, label, count;
};

Span span_of(const RowLayout& row, int64_t length) {
  // From soi on, unshifted: a masked position predicts itself. Elsewhere each predicts the next.
  if (row.task == Task::kT2i) return {row.soi, row.soi, row.eoi - row.soi + 1};
  return {0, 1, length - 1};
}

Tensor loss_of(Task task, Showo& model, const Tensor& hidden, const Tensor& labels,
               const std::vector<RowLayout>& rows, double divisor) {
  std::vector<Tensor> states, targets;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].task != task) continue;
    const auto b = static_cast<int64_t>(i);
    const Span span = span_of(rows[i], hidden.size(1));
    states.push_back(hidden[b].narrow(0, span.state, span.count));
    targets.push_back(labels[b].narrow(0, span.label, span.count));
  }
  const auto none = torch::zeros({}, torch::dtype(torch::kFloat).device(hidden.device()));
  if (states.empty()) return none;
  const auto wanted = torch::cat(targets);
  const auto kept = wanted.ne(kIgnore).nonzero().squeeze(1);
  if (kept.numel() == 0) return none;
  const auto here = hidden.device();
  const auto logits = model->logits(torch::cat(states).index_select(0, kept.to(here)));
  return torch::cross_entropy_loss(logits.to(torch::kFloat), wanted.index_select(0, kept).to(here),
                                   {}, at::Reduction::Sum) /
         divisor;
}

}  // namespace

TokenCounts supervised_tokens(const Tensor& labels, const std::vector<RowLayout>& rows) {
  TokenCounts counts{};
  for (size_t i = 0; i < rows.size(); ++i) {
    const Span span = span_of(rows[i], labels.size(1));
    counts[static_cast<int>(rows[i].task)] += labels[static_cast<int64_t>(i)]
                                                  .narrow(0, span.label, span.count)
                                                  .ne(kIgnore)
                                                  .sum()
                                                  .item<double>();
  }
  return counts;
}

Losses showo_losses(Showo model, const Tensor& hidden, const Tensor& labels,
                    const std::vector<RowLayout>& rows, const TokenCounts& divisors) {
  auto loss = [&](Task task) {
    return loss_of(task, model, hidden, labels, rows, divisors[static_cast<int>(task)]);
  };
  return {loss(Task::kT2i), loss(Task::kLm), loss(Task::kMmu)};
}

Losses showo_losses(Showo model, const Tensor& hidden, const Tensor& labels,
                    const std::vector<RowLayout>& rows) {
  return showo_losses(model, hidden, labels, rows, supervised_tokens(labels, rows));
}

}  // namespace showo
