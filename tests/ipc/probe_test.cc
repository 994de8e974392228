#include "ipc/probe.h"

#include <errno.h>
#include <gtest/gtest.h>

#include "ipc/in_child.h"
#include "ipc/landlock.h"
#include "ipc/seal.h"

namespace candor {
namespace {

std::array<int32_t, 5> ProbeIn(Findings& findings, std::array<int32_t, 5> expected) {
  const ProbeResult found = Probe();
  for (size_t i = 0; i < expected.size(); ++i) {
    if (found.errors[i] != expected[i]) {
      findings.Add(std::string(ProbeResult::kActions[i]) + ": " + std::to_string(found.errors[i]));
    }
  }
  return found.errors;
}

TEST(ProbeTest, WhereNothingIsSealedEverythingIsPossibleAndHarmless) {
  EXPECT_EQ(InChild([](Findings& findings) {
              ProbeIn(findings, {0, 0, 0, 0, 0});
              ProbeIn(findings, {0, 0, 0, 0, 0});
            }),
            "");
}

TEST(ProbeTest, ASealedProcessIsRefusedAllFive) {
  EXPECT_EQ(InChild([](Findings& findings) {
              SealProcess();
              ProbeIn(findings, {EPERM, EPERM, EPERM, EPERM, EPERM});
            }),
            "");
}

TEST(ProbeTest, LandlockAloneIsToldFromAFilter) {
  EXPECT_EQ(InChild([](Findings& findings) {
              SealOptions options;
              options.system_call_filter = false;
              const int version = SealProcess(options).landlock_abi;
              if (version < 4) return;  // says nothing of the network
              ProbeIn(findings, {EACCES, 0, EACCES, 0, 0});
            }),
            "");
}

TEST(ProbeTest, ARefusalIsNoOtherError) {
  for (const int error : {EPERM, EACCES, ENOSYS}) EXPECT_TRUE(IsRefusal(error));
  for (const int error : {0, ENOENT, EBADF, ESRCH, ECONNREFUSED, EMFILE}) EXPECT_FALSE(IsRefusal(error));
}

}  // namespace
}  // namespace candor
