// How many CPUs the process may use.
#pragma once

#include <optional>

#include "showo/core/files.h"

namespace showo {

/// The CPUs that a container's quota allows (cgroup v2 cpu.max, v1 cpu.cfs_quota_us, of this group
/// and those above it), rounded up; nothing where there is no quota. `root` stands for / in tests.
std::optional<int> cpu_quota(const fs::path& root = "/");

}  // namespace showo
