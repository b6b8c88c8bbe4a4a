#include "showo/core/cpus.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace showo {
namespace {

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<int64_t> positive(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

// Microseconds of CPU time in every period; "max" and -1 are no quota.
std::optional<int> cpus_of(const std::string& quota, const std::string& period) {
  const auto time = positive(quota), of = positive(period);
  if (!time || !of) return std::nullopt;
  return static_cast<int>(std::clamp<int64_t>((*time - 1) / *of + 1, 1, 1 << 16));
}

std::optional<int> quota_in(const fs::path& group, bool unified) {
  if (!unified)
    return cpus_of(first_line(group / "cpu.cfs_quota_us"), first_line(group / "cpu.cfs_period_us"));
  std::istringstream line(first_line(group / "cpu.max"));
  std::string quota, period;
  line >> quota >> period;
  return cpus_of(quota, period);
}

}  // namespace

std::optional<int> cpu_quota(const fs::path& root) {
  std::optional<int> least;
  std::ifstream groups(root / "proc/self/cgroup");
  // "0::/a/b" of v2, "4:cpu,cpuacct:/a/b" of v1.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool unified = controllers == ",,";
    if (!unified && controllers.find(",cpu,") == std::string::npos) continue;
    const fs::path mount = root / "sys/fs/cgroup" / (unified ? "" : "cpu");
    // Every group above limits this one too. Inside a container the path may be the host's, of
    // which only the last mount point is to be seen.
    for (fs::path below = fs::path(line.substr(second + 1)).relative_path();;
         below = below.parent_path()) {
      if (const auto here = quota_in(mount / below, unified))
        least = std::min(least.value_or(*here), *here);
      if (below.empty()) break;
    }
  }
  return least;
}

}  // namespace showo
