#include "showo/model/losses.h"

namespace showo {
namespace {

// Cross entropy over the rows whose label counts; predictions stand where the labels do.
Tensor cross_entropy(Showo& model, const Tensor& hidden_NC, const Tensor& labels_N) {
  const auto kept = labels_N.ne(kIgnore).nonzero().squeeze(1);
  if (kept.numel() == 0) return torch::zeros({}, torch::kFloat);
  const auto logits = model->logits(hidden_NC.index_select(0, kept)).to(torch::kFloat);
  return torch::cross_entropy_loss(logits, labels_N.index_select(0, kept));
}

}  // namespace

Losses showo_losses(Showo model, const Tensor& hidden, const Tensor& labels,
                    const std::vector<RowLayout>& rows) {
  auto loss = [&](Task task) {
    std::vector<Tensor> states, targets;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].task != task) continue;
      const auto b = static_cast<int64_t>(i);
      const int64_t last = hidden.size(1) - 1;
      if (task == Task::kT2i) {  // from soi on, unshifted: a masked position predicts itself
        const int64_t from = rows[i].soi, count = rows[i].eoi - rows[i].soi + 1;
        states.push_back(hidden[b].narrow(0, from, count));
        targets.push_back(labels[b].narrow(0, from, count));
      } else {  // each position predicts the next
        states.push_back(hidden[b].narrow(0, 0, last));
        targets.push_back(labels[b].narrow(0, 1, last));
      }
    }
    if (states.empty()) return torch::zeros({}, torch::kFloat);
    return cross_entropy(model, torch::cat(states), torch::cat(targets));
  };
  return {loss(Task::kT2i), loss(Task::kLm), loss(Task::kMmu)};
}

}  // namespace showo
