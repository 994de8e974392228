#include "kernels/probe.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

// The name of the running set is the forced one, and every name that the documentation promises is known where the
// machine has the instructions.
TEST(Probe, TablesAreListedBestFirstAndFoundByName) {
  const KernelTable* const* tables = AvailableKernels();
  const KernelTable* last = nullptr;
  for (; *tables; ++tables) {
    EXPECT_EQ(FindKernels((*tables)->name), *tables);
    last = *tables;
  }
  ASSERT_NE(last, nullptr);
  EXPECT_STREQ(last->name, "scalar");
  EXPECT_EQ(FindKernels("avx1024"), nullptr);
}

TEST(Probe, EveryTableGivesTheKnownAnswers) {
  for (const KernelTable* const* table = AvailableKernels(); *table; ++table) {
    EXPECT_TRUE(GivesKnownAnswers(**table)) << (*table)->name << " gives " << std::hex << ProbeDigest(**table);
  }
}

TEST(Probe, ATableWithOneWrongKernelIsRefused) {
  const KernelTable& good = *AvailableKernels()[0];
  EXPECT_TRUE(GivesKnownAnswers(good));
  KernelTable bad = good;
  bad.gelu_multiply = bad.silu_multiply;
  EXPECT_FALSE(GivesKnownAnswers(bad));
  bad = good;
  bad.layer_norm = [](const float* x, const float* weight, const float*, int n, float epsilon, float* out) {
    AvailableKernels()[0]->rms_norm(x, weight, n, epsilon, out);
  };
  EXPECT_FALSE(GivesKnownAnswers(bad));
  bad = good;
  bad.scale = [](float* x, float factor, int n) {
    for (int i = 0; i < n; ++i) x[i] *= factor * (1.0f + 0x1p-23f);  // the last bit of the factor
  };
  EXPECT_FALSE(GivesKnownAnswers(bad));
  bad = good;
  bad.attention = [](const AttentionArgs& args) {
    AttentionArgs changed = args;
    changed.window = 71;
    AvailableKernels()[0]->attention(changed);
  };
  EXPECT_FALSE(GivesKnownAnswers(bad));
}

}  // namespace
}  // namespace candor
