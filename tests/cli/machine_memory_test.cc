#include "cli/machine_memory.h"

#include <gtest/gtest.h>

#include <string>

#include "support/temporary_folder.h"

namespace candor {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;

class MachineMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("proc/meminfo",
                  "MemTotal:       16384000 kB\nMemFree:         1024000 kB\nMemAvailable:    8192000 kB\n");
  }
  MachineMemory Read() const { return ReadMachineMemory(folder_.path()); }
  void WriteGroup(const std::string& at, const std::string& limit, uint64_t used, uint64_t inactive) {
    folder_.Write(at + "/memory.max", limit + "\n");
    folder_.Write(at + "/memory.current", std::to_string(used) + "\n");
    folder_.Write(at + "/memory.stat", "anon 5\ninactive_file " + std::to_string(inactive) + "\nactive_file 7\n");
  }

  TemporaryFolder folder_;
};

TEST_F(MachineMemoryTest, IsWhatTheMachineHasFree) {
  EXPECT_EQ(Read().available, uint64_t{8192000} * 1024);
  EXPECT_FALSE(Read().by_container);
}

TEST_F(MachineMemoryTest, IsNothingWhereTheSystemDoesNotTell) {
  const TemporaryFolder empty;
  EXPECT_EQ(ReadMachineMemory(empty.path()).available, 0u);
}

TEST_F(MachineMemoryTest, IsWhatAGroupLeaves) {
  folder_.Write("proc/self/cgroup", "0::/user.slice/app.scope\n");
  WriteGroup("sys/fs/cgroup/user.slice/app.scope", std::to_string(1000 * kMegabyte), 300 * kMegabyte, 100 * kMegabyte);
  EXPECT_EQ(Read().available, 800 * kMegabyte);
  EXPECT_TRUE(Read().by_container);
}

TEST_F(MachineMemoryTest, AGroupAboveMayLeaveLess) {
  folder_.Write("proc/self/cgroup", "0::/a/b/c\n");
  WriteGroup("sys/fs/cgroup/a/b/c", "max", 0, 0);
  WriteGroup("sys/fs/cgroup/a/b", std::to_string(900 * kMegabyte), 0, 0);
  WriteGroup("sys/fs/cgroup/a", std::to_string(500 * kMegabyte), 600 * kMegabyte, 0);
  EXPECT_EQ(Read().available, 0u);
  EXPECT_TRUE(Read().by_container);
}

TEST_F(MachineMemoryTest, AGroupWithoutALimitOrBeyondTheMachineDoesNotCount) {
  folder_.Write("proc/self/cgroup", "0::/a\n");
  WriteGroup("sys/fs/cgroup/a", "max", 5, 0);
  EXPECT_FALSE(Read().by_container);
  WriteGroup("sys/fs/cgroup/a", "99999999999999", 5, 0);
  EXPECT_EQ(Read().available, uint64_t{8192000} * 1024);
  EXPECT_FALSE(Read().by_container);
}

TEST_F(MachineMemoryTest, InAContainerThePathMayBeTheHosts) {
  folder_.Write("proc/self/cgroup", "0::/docker/0123\n");
  WriteGroup("sys/fs/cgroup", std::to_string(700 * kMegabyte), 0, 0);
  EXPECT_EQ(Read().available, 700 * kMegabyte);
}

TEST_F(MachineMemoryTest, ReadsVersionOneToo) {
  folder_.Write("proc/self/cgroup", "9:name=systemd:/\n4:cpuacct,memory:/job\n3:cpu:/other\n0::/\n");
  folder_.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", std::to_string(600 * kMegabyte) + "\n");
  folder_.Write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", std::to_string(200 * kMegabyte) + "\n");
  folder_.Write("sys/fs/cgroup/memory/job/memory.stat",
                "inactive_file 1\ntotal_inactive_file " + std::to_string(50 * kMegabyte) + "\n");
  folder_.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Read().available, 450 * kMegabyte);
  EXPECT_TRUE(Read().by_container);
}

TEST_F(MachineMemoryTest, NonsenseDoesNotCount) {
  folder_.Write("proc/self/cgroup", "\n:\n::\n0::\nmemory\n1:memory:/../../..\n");
  folder_.Write("sys/fs/cgroup/memory.max", "soon\n");
  folder_.Write("proc/meminfo", "MemAvailable: much\nMemAvailable");
  EXPECT_EQ(Read().available, 0u);
}

}  // namespace
}  // namespace candor
