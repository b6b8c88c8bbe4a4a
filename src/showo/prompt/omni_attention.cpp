#include "showo/prompt/omni_attention.h"

#include <ATen/ATen.h>

namespace showo {

at::Tensor allowed_attention(const RowLayout& layout, int64_t length) {
  auto allowed = at::ones({length, length}, at::kBool).tril();
  using at::indexing::Slice;
  if (layout.task == Task::kT2i) {
    allowed.index_put_({Slice(layout.pads, length), Slice(0, layout.pads)}, false);
    allowed.index_put_({Slice(layout.soi, layout.eoi + 1), Slice(layout.pads, layout.eoi + 1)}, true);
  } else if (layout.task == Task::kMmu) {
    allowed.index_put_({Slice(), Slice(0, layout.eoi + 1)}, true);
  }
  return allowed;
}

at::Tensor allowed_attention(const std::vector<RowLayout>& rows, int64_t length) {
  std::vector<at::Tensor> masks;
  for (const auto& row : rows) masks.push_back(allowed_attention(row, length));
  return at::stack(masks).unsqueeze(1);
}

}  // namespace showo
