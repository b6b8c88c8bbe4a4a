#include "showo/model/packed_rows.h"

#include <algorithm>

#include "showo/core/torch.h"
#include "showo/prompt/omni_attention.h"

namespace showo {

namespace {

// Whether codes of a picture are to be predicted.
bool learns(const Row& row, const Segment& picture) {
  const auto learned = [](int64_t label) { return label != kIgnore; };
  return row.task != Task::kMmu && std::ssize(row.labels) >= picture.end() &&
         std::any_of(row.labels.begin() + picture.begin, row.labels.begin() + picture.end(),
                     learned);
}

}  // namespace

PackedRows pack(const std::vector<Row>& rows, const std::vector<KvCache*>& caches) {
  PackedRows packed;
  std::vector<int64_t> ids, positions, features;
  std::array<Targets, 3> targets;
  for (size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    KvCache* cache = caches.empty() ? nullptr : caches[r];
    const int64_t cached = cache ? cache->length() : 0, start = std::ssize(ids) - cached;
    ids.insert(ids.end(), row.ids.begin() + cached, row.ids.end());
    const auto places = positions_of(row.segments, cached);
    positions.insert(positions.end(), places.begin(), places.end());
    packed.sequences.push_back(
        {row.length() - cached, attention_plan(row.segments, cached), cache});
    for (const Segment& segment : row.segments) {
      if (segment.kind != SegmentKind::kFeatures || segment.begin < cached) continue;
      for (int64_t i = segment.begin; i < segment.end(); ++i) features.push_back(start + i);
    }
    for (const Segment& segment : row.segments) {
      if (segment.kind == SegmentKind::kCodes && learns(row, segment))
        packed.drawn.push_back(start + segment.begin + 1);  // behind <|soi|>
    }
    for (size_t task = 0; task < targets.size(); ++task) {
      const Targets own = targets_of(row, static_cast<Task>(task));
      Targets& all = targets[task];
      for (const int64_t state : own.states) all.states.push_back(start + state);
      all.ids.insert(all.ids.end(), own.ids.begin(), own.ids.end());
    }
    packed.ends.push_back(std::ssize(ids) - 1);
  }
  const auto tensor = [](const std::vector<int64_t>& values) {
    return torch::tensor(values, torch::kLong);
  };
  packed.ids_T = tensor(ids);
  packed.positions_T = tensor(positions);
  packed.feature_places = tensor(features);
  for (size_t task = 0; task < 3; ++task)
    packed.targets[task] = {tensor(targets[task].states), tensor(targets[task].ids)};
  return packed;
}

}  // namespace showo
