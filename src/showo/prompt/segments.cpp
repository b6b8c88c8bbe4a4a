#include "showo/prompt/segments.h"

namespace showo {

std::vector<int64_t> positions_of(const Segments& segments, int64_t from) {
  std::vector<int64_t> positions;
  for (const Segment& segment : segments) {
    for (int64_t i = segment.begin; i < segment.end(); ++i)
      if (i >= from) positions.push_back(segment.position + i - segment.begin);
  }
  return positions;
}

void lengthen(Segments& segments, int64_t tokens) { segments.back().length += tokens; }

}  // namespace showo
