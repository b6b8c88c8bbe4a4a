// A row of tokens: what the model reads, what it should say, and the row's segments.
#pragma once

#include <span>
#include <vector>

#include "showo/prompt/segments.h"

namespace showo {

using Ids = std::span<const int64_t>;

enum class Task { kT2i, kMmu, kLm };

struct Row {
  Task task = Task::kLm;
  std::vector<int64_t> ids;
  /// As the reference writes them, or of the first tokens alone; which of them count follows from
  /// the task.
  std::vector<int64_t> labels;
  Segments segments;

  int64_t length() const { return length_of(segments); }
  /// The segment of the row's only picture. Throws where there is none.
  const Segment& picture() const;
  /// Appends tokens to a text at the row's end, or begins one with them.
  void append_text(Ids tokens);
};

/// Without its pads: nothing sees a pad and the others keep their positions, so only the cost of
/// the row changes.
Row without_pads(const Row& row);

/// Which hidden states a loss counts, and the ids that they should have predicted.
struct Targets {
  std::vector<int64_t> states, ids;
};
/// Drawing: a picture's tokens predict themselves (mask token prediction). Else each token of a
/// text is predicted by the one before it.
Targets targets_of(const Row& row);

}  // namespace showo
