#include "showo/model/losses.h"

namespace showo {
namespace {

Tensor loss_of(Task task, Showo& model, const Tensor& hidden, const PackedRows& rows,
               double divisor) {
  const TaskTargets& targets = rows.targets[static_cast<size_t>(task)];
  const auto here = hidden.device();
  if (targets.ids.numel() == 0) return torch::zeros({}, torch::device(here));
  const auto logits = model->logits(hidden.index_select(0, targets.states.to(here)));
  return torch::cross_entropy_loss(logits.to(torch::kFloat), targets.ids.to(here), {},
                                   at::Reduction::Sum) /
         divisor;
}

}  // namespace

TokenCounts supervised_tokens(const PackedRows& rows) {
  TokenCounts counts{};
  for (size_t task = 0; task < counts.size(); ++task)
    counts[task] = static_cast<double>(rows.targets[task].ids.numel());
  return counts;
}

Losses showo_losses(Showo model, const Tensor& hidden, const PackedRows& rows,
                    const TokenCounts& divisors) {
  auto loss = [&](Task task) {
    return loss_of(task, model, hidden, rows, divisors[static_cast<size_t>(task)]);
  };
  return {loss(Task::kT2i), loss(Task::kLm), loss(Task::kMmu)};
}

Losses showo_losses(Showo model, const Tensor& hidden, const PackedRows& rows) {
  return showo_losses(model, hidden, rows, supervised_tokens(rows));
}

}  // namespace showo
