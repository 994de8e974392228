#include "cli/machine_facts.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace candor {
namespace {

TEST(MachineFactsTest, AreAsTheSystemWritesThem) {
  TemporaryFolder folder;
  folder.Write("proc/cpuinfo", "processor\t: 0\nmodel\t\t: 26\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu\n");
  folder.Write("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:         1024000 kB\n");
  folder.Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  const MachineFacts facts = ReadMachineFacts(folder.path());
  EXPECT_EQ(facts.processor, "AMD EPYC 9R14");
  EXPECT_EQ(facts.memory, uint64_t{16384000} * 1024);
  EXPECT_EQ(facts.huge_pages, "madvise");
  EXPECT_TRUE(facts.kernel.starts_with("Linux ")) << facts.kernel;
  EXPECT_GE(facts.usable, 1u);
  EXPECT_GE(facts.descriptors_at_most, facts.descriptors);
}

TEST(MachineFactsTest, AreEmptyWhereTheSystemDoesNotTell) {
  const TemporaryFolder empty;
  const MachineFacts facts = ReadMachineFacts(empty.path());
  EXPECT_EQ(facts.processor, "");
  EXPECT_EQ(facts.memory, 0u);
  EXPECT_EQ(facts.huge_pages, "");
}

}  // namespace
}  // namespace candor
