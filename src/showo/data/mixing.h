// When an epoch over several endless streams ends. The published recipes name two modes:
// max_size_cycle lasts until the longest stream has been passed once, the shorter ones beginning
// again; min_size ends with the shortest.
#pragma once

#include <span>
#include <string>

#include "showo/data/walk.h"

namespace showo {

enum class Mixing { kMaxSizeCycle, kMinSize };

/// Throws Error naming the modes for any other text.
Mixing mixing_from(const std::string& name);

/// Whether the epoch that began at `begin` is over at `now`, stream by stream: how long a stream is
/// shows only as it is read.
bool epoch_over(Mixing mixing, std::span<const StreamPosition> begin,
                std::span<const StreamPosition> now);

/// Where the streams go on: after max_size_cycle each where it is; after min_size all at the
/// beginning of their next pass, as their shortest.
std::vector<StreamPosition> next_epoch(Mixing mixing, std::span<const StreamPosition> begin,
                                       std::span<const StreamPosition> now);

}  // namespace showo
