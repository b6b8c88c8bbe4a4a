#include "showo/prompt/row.h"

#include <algorithm>

#include "showo/core/error.h"
#include "showo/prompt/vocabulary.h"

namespace showo {

const Segment& Row::picture() const {
  const auto found = std::ranges::find_if(segments, &Segment::block);
  if (found == segments.end()) fail("a row of tokens has no picture");
  return *found;
}

void Row::append_text(Ids tokens) {
  const bool begins = segments.empty() || segments.back().kind != SegmentKind::kText;
  if (begins) {
    const int64_t at = length();
    segments.push_back({SegmentKind::kText, at, 0, next_position()});
  }
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  lengthen(segments, static_cast<int64_t>(tokens.size()));
}

Row without_pads(const Row& row) {
  Row result;
  result.task = row.task;
  for (Segment segment : row.segments) {
    if (segment.kind == SegmentKind::kPads) continue;
    const auto copy = [&](const std::vector<int64_t>& from, std::vector<int64_t>& to) {
      const auto at = [&](int64_t token) {
        return from.begin() + std::min(token, std::ssize(from));
      };
      to.insert(to.end(), at(segment.begin), at(segment.end()));
    };
    copy(row.ids, result.ids);
    copy(row.labels, result.labels);
    segment.begin = result.length();
    result.segments.push_back(segment);
  }
  return result;
}

namespace {

// Whether the loss of `task` counts the labels of a row's segment.
bool counts(Task task, const Row& row, const Segment& segment) {
  if (row.task == Task::kStory) return task == (segment.block() ? Task::kT2i : Task::kLm);
  return task == row.task && segment.block() == (task == Task::kT2i);
}

}  // namespace

Targets targets_of(const Row& row, Task task) {
  Targets targets;
  const auto add = [&](int64_t state, int64_t label) {
    if (label >= std::ssize(row.labels) || row.labels[label] == kIgnore) return;
    targets.states.push_back(state);
    targets.ids.push_back(row.labels[label]);
  };
  for (const Segment& segment : row.segments) {
    if (!counts(task, row, segment)) continue;
    for (int64_t i = segment.begin; i < segment.end(); ++i) {
      if (segment.block()) {
        add(i, i);
      } else if (i > 0) {
        add(i - 1, i);
      }
    }
  }
  return targets;
}

}  // namespace showo
