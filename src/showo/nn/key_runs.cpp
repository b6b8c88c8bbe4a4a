#include "showo/nn/key_runs.h"

#include <ATen/Functions.h>

#include <algorithm>

namespace showo {

KeyRun joined(const KeyRuns& runs) {
  if (runs.size() == 1) return runs[0];
  std::vector<at::Tensor> keys, values;
  for (const KeyRun& run : runs) {
    keys.push_back(run.keys);
    values.push_back(run.values);
  }
  return {at::cat(keys, 1), at::cat(values, 1)};
}

KeyRuns within(const KeyRuns& runs, const std::vector<Span>& spans) {
  KeyRuns parts;
  for (const Span& span : spans) {
    int64_t start = 0;
    for (const KeyRun& run : runs) {
      const int64_t size = run.keys.size(1), begin = std::max(span.begin - start, int64_t{0}),
                    end = std::min(span.end - start, size);
      start += size;
      if (begin >= end) continue;
      const bool whole = begin == 0 && end == size;
      parts.push_back(whole ? run
                            : KeyRun{run.keys.narrow(1, begin, end - begin),
                                     run.values.narrow(1, begin, end - begin)});
    }
  }
  return parts;
}

}  // namespace showo
