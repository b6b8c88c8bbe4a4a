#include "showo/generate/context.h"

namespace showo {
namespace {

PackedRows packed(const std::vector<Context*>& contexts) {
  std::vector<Row> rows;
  std::vector<KvCache*> caches;
  for (Context* context : contexts) {
    rows.push_back(context->row);
    caches.push_back(&context->cache);
  }
  return pack(rows, caches);
}

Tensor logits_at_ends(Backbone& model, const Tensor& hidden, const PackedRows& rows) {
  const auto ends = hidden.index_select(0, torch::tensor(rows.ends).to(hidden.device()));
  return model->logits(ends).to(torch::kCPU, torch::kFloat);
}

}  // namespace

int64_t Context::next_position() const {
  if (row.segments.empty()) return 0;
  return row.segments.back().position + row.segments.back().length;
}

Tensor read(Showo& model, const std::vector<Context*>& contexts, const Tensor& features) {
  const PackedRows rows = packed(contexts);
  return logits_at_ends(model->showo, model->hidden(rows, features), rows);
}

Tensor read(Backbone& model, const std::vector<Context*>& contexts) {
  const PackedRows rows = packed(contexts);
  return logits_at_ends(model, model->hidden(rows.ids_T, rows.positions_T, rows.sequences), rows);
}

}  // namespace showo
