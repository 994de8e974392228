// The memory that loading takes at most, in a process of its own for each model.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "model/golden_files.h"
#include "model/model.h"
#include "support/real_models.h"

namespace candor {
namespace {

uint64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kib;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return 0;
}

struct Case {
  const char* name;
  uint64_t matrix_bytes;  // of the tensors that a token reads, summed with gguf-py's reader
};

class ModelMemoryTest : public ::testing::TestWithParam<Case> {};

TEST_P(ModelMemoryTest, LoadingTakesTheFilePlusLittle) {
  const std::filesystem::path path = RealModelPath(GetParam().name);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there (candor pull " << GetParam().name << ")";
  int results[2];
  ASSERT_EQ(::pipe(results), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    uint64_t found[2] = {0, 0};
    try {
      ThreadPool pool(2);
      const Model model = LoadModel(OpenFile(path), pool, {});
      found[0] = PeakBytes();
      found[1] = model.weight_bytes_per_token;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    const bool written = ::write(results[1], found, sizeof found) == sizeof found;
    ::_exit(written ? 0 : 1);
  }
  uint64_t found[2] = {0, 0};
  ASSERT_EQ(::read(results[0], found, sizeof found), static_cast<ssize_t>(sizeof found));
  ::waitpid(child, nullptr, 0);
  ::close(results[0]);
  ::close(results[1]);
  const uint64_t file = std::filesystem::file_size(path);
  RecordProperty("peak_mib", static_cast<int>(found[0] >> 20));
  EXPECT_GT(found[0], 0u);
  EXPECT_LE(found[0], file + file / 10 + (64u << 20)) << GetParam().name;
  // Packing adds what rounds rows up to whole panels, nothing else.
  EXPECT_GE(found[1], GetParam().matrix_bytes);
  EXPECT_LE(found[1], GetParam().matrix_bytes + GetParam().matrix_bytes / 100);
}

INSTANTIATE_TEST_SUITE_P(RealModels, ModelMemoryTest,
                         ::testing::Values(Case{"smollm2-135m", 96436224}, Case{"gemma3-270m", 246364160},
                                           Case{"qwen2.5-coder-0.5b", 391573504}));

}  // namespace
}  // namespace candor
