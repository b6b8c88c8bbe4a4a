// A container's share of the CPUs, as the kernel's files tell it.
#include "showo/core/cpus.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "showo/core/error.h"

namespace showo {
namespace {

class CpuQuota : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("showo-cpus-{}", getpid());
  }
  void TearDown() override { fs::remove_all(root_); }

  using Files = std::vector<std::pair<std::string, std::string>>;
  std::optional<int> quota(const std::string& groups, const Files& files) const {
    fs::remove_all(root_);
    put("proc/self/cgroup", groups);
    for (const auto& [name, content] : files) put("sys/fs/cgroup/" + name, content);
    return cpu_quota(root_);
  }
  void put(const fs::path& name, const std::string& content) const {
    make_folder((root_ / name).parent_path());
    write_file_atomically(root_ / name, content);
  }
  fs::path root_;
};

TEST_F(CpuQuota, OfTheUnifiedHierarchyIsTheLeastOfTheGroupAndThoseAbove) {
  EXPECT_EQ(quota("0::/\n", {{"cpu.max", "400000 100000\n"}}), 4);
  EXPECT_EQ(quota("0::/a/b\n", {{"a/cpu.max", "200000 100000\n"}, {"a/b/cpu.max", "max 100000\n"}}),
            2);
  EXPECT_EQ(
      quota("0::/a/b\n", {{"a/cpu.max", "800000 100000\n"}, {"a/b/cpu.max", "300000 100000\n"}}),
      3);
}

TEST_F(CpuQuota, OfTheOldHierarchyStandsInTwoFiles) {
  const std::string groups = "12:memory:/x\n4:cpu,cpuacct:/docker/abc\n1:cpuset:/x\n0::/\n";
  EXPECT_EQ(
      quota(groups, {{"cpu/cpu.cfs_quota_us", "200000\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}}),
      2);
  EXPECT_EQ(quota(groups, {{"cpu/docker/abc/cpu.cfs_quota_us", "-1\n"},
                           {"cpu/docker/abc/cpu.cfs_period_us", "100000\n"}}),
            std::nullopt);
}

TEST_F(CpuQuota, CountsAStartedCpuWhole) {
  EXPECT_EQ(quota("0::/\n", {{"cpu.max", "150000 100000\n"}}), 2);
  EXPECT_EQ(quota("0::/\n", {{"cpu.max", "10000 100000\n"}}), 1);
}

TEST_F(CpuQuota, IsNoneWhereNothingSaysSo) {
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  for (const char* content :
       {"max 100000\n", "max\n", "", "many\n", "100000\n", "-5 100000\n", "0 0\n"})
    EXPECT_EQ(quota("0::/\n", {{"cpu.max", content}}), std::nullopt) << content;
  for (const char* groups : {"", "nonsense\n", "0:\n", "3:memory:/\n"})
    EXPECT_EQ(quota(groups, {{"cpu.max", "100000 100000\n"}}), std::nullopt) << groups;
}

}  // namespace
}  // namespace showo
