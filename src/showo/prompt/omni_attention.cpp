#include "showo/prompt/omni_attention.h"

#include <ATen/ATen.h>

namespace showo {

at::Tensor allowed_attention(const RowLayout& layout, int64_t length) {
  auto allowed = at::ones({length, length}, at::kBool).tril();
  using at::indexing::Slice;
  if (layout.task == Task::kT2i) {
    allowed.index_put_({Slice(layout.pads, length), Slice(0, layout.pads)}, false);
    allowed.index_put_({Slice(layout.soi, layout.eoi + 1), Slice(layout.pads, layout.eoi + 1)},
                       true);
  } else if (layout.task == Task::kMmu) {
    allowed.index_put_({Slice(), Slice(0, layout.eoi + 1)}, true);
    for (const int64_t start : layout.questions) {
      allowed.index_put_({Slice(start, length), Slice(layout.eoi + 1, start)}, false);
    }
  }
  return allowed;
}

at::Tensor allowed_attention(const std::vector<RowLayout>& rows, int64_t length) {
  std::vector<at::Tensor> masks;
  for (const auto& row : rows) masks.push_back(allowed_attention(row, length));
  return at::stack(masks).unsqueeze(1);
}

at::Tensor token_positions(const std::vector<RowLayout>& rows, int64_t length) {
  const auto plain = at::arange(length);
  auto positions = plain.expand({static_cast<int64_t>(rows.size()), length}).clone();
  for (size_t i = 0; i < rows.size(); ++i) {
    auto row = positions[static_cast<int64_t>(i)];
    row.add_(rows[i].position);
    for (const int64_t start : rows[i].questions) {
      const int64_t count = length - start;
      row.narrow(0, start, count).copy_(plain.narrow(0, rows[i].eoi + 1, count));
    }
  }
  return positions;
}

}  // namespace showo
