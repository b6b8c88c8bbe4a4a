#include "showo/data/mixing.h"

#include <algorithm>

namespace showo {

Mixing mixing_from(const std::string& name) {
  if (name == "max_size_cycle") return Mixing::kMaxSizeCycle;
  if (name == "min_size") return Mixing::kMinSize;
  fail("mixing '{}': expected max_size_cycle or min_size", name);
}

bool epoch_over(Mixing mixing, std::span<const StreamPosition> begin,
                std::span<const StreamPosition> now) {
  auto passed = [](const StreamPosition& from, const StreamPosition& to) {
    const auto place = [](const StreamPosition& p) { return std::pair(p.part, p.sample); };
    return to.epoch > from.epoch + 1 || (to.epoch == from.epoch + 1 && place(to) >= place(from));
  };
  const bool all = std::ranges::equal(begin, now, passed);
  if (mixing == Mixing::kMaxSizeCycle) return all && !now.empty();
  for (size_t i = 0; i < now.size(); ++i) {
    if (passed(begin[i], now[i])) return true;
  }
  return false;
}

std::vector<StreamPosition> next_epoch(Mixing mixing, std::span<const StreamPosition> begin,
                                       std::span<const StreamPosition> now) {
  std::vector<StreamPosition> next(now.begin(), now.end());
  if (mixing == Mixing::kMaxSizeCycle) return next;
  for (size_t i = 0; i < next.size(); ++i) next[i] = {begin[i].epoch + 1, 0, 0};
  return next;
}

}  // namespace showo
