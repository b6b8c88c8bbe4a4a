// A row of tokens: what the model reads, what it should say, and the row's segments.
#pragma once

#include <span>
#include <vector>

#include "showo/prompt/segments.h"

namespace showo {

using Ids = std::span<const int64_t>;

/// The first three have a loss each; of a story the pictures count in T2I's and the texts in LM's.
enum class Task { kT2i, kMmu, kLm, kStory };

struct Row {
  Task task = Task::kLm;
  std::vector<int64_t> ids;
  /// As the reference writes them, or of the first tokens alone; which of them count follows from
  /// the task.
  std::vector<int64_t> labels;
  Segments segments;

  int64_t length() const { return length_of(segments); }
  /// The segment of the row's first picture. Throws where there is none.
  const Segment& picture() const;
  /// The position of what is appended to the row.
  int64_t next_position() const {
    return segments.empty() ? 0 : segments.back().position + segments.back().length;
  }
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
/// Of a row, what the loss of `task` counts. Drawing: a picture's tokens predict themselves (mask
/// token prediction). Else each token of a text is predicted by the one before it.
Targets targets_of(const Row& row, Task task);
/// What that of the row's own task counts.
inline Targets targets_of(const Row& row) { return targets_of(row, row.task); }

}  // namespace showo
