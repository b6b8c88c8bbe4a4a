// Rows as the model reads them: side by side on one axis of T tokens, so that rows of different
// lengths need no pads.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "showo/nn/attention.h"
#include "showo/prompt/row.h"

namespace showo {

/// Of a task: which hidden states its loss counts, and what they should have predicted; int64 [N].
struct TaskTargets {
  Tensor states, ids;
};

struct PackedRows {
  Tensor ids_T, positions_T;           // int64
  Sequences sequences;                 // one a row
  std::array<TaskTargets, 3> targets;  // in the order of Task
  Tensor feature_places;               // int64: the tokens whose embeddings are features
  std::vector<int64_t> drawn;          // of each picture with masked codes the first code's token
  std::vector<int64_t> ends;           // the last token of each row
};

/// Whole rows, or of each what follows the tokens that its cache holds; `caches` may be empty.
PackedRows pack(const std::vector<Row>& rows, const std::vector<KvCache*>& caches = {});

}  // namespace showo
