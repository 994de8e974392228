// One answer, on bits, on real models: whatever the instruction set, the threads, the chunks, the host's floating-point
// mode, what else is in the batch, a rewind. CANDOR_ONE_ANSWER names the models ("smollm2-135m" when unset).
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cstring>
#include <sstream>

#include "base/sha256.h"
#include "support/decoder_harness.h"
#include "support/real_models.h"

namespace candor {
namespace {

// Past one window of 512, several pages and chunks, and not a multiple of any of them.
constexpr uint32_t kTokens = 1300;
constexpr uint32_t kScalarTokens = 96;

std::vector<std::string> ModelNames() {
  const char* names = std::getenv("CANDOR_ONE_ANSWER");
  std::istringstream words(names ? names : "smollm2-135m");
  std::vector<std::string> list;
  for (std::string name; words >> name;) list.push_back(name);
  return list;
}

std::vector<int32_t> Tokens(const Model& model, uint32_t count) {
  std::vector<int32_t> tokens;
  for (uint32_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>((uint64_t{i} * 7919 + 13) % model.config.vocabulary));
  }
  return tokens;
}

// The digest of all logits; rows go through the hash as they come, because all of them would be a gigabyte.
std::string DigestOf(const Model& model, const HarnessOptions& options, uint32_t count) {
  const std::vector<int32_t> tokens = Tokens(model, count);
  DecoderHarness harness(model, options);
  Sha256 hash;
  for (size_t i = 0; i < tokens.size(); i += options.chunk) {
    const size_t end = std::min<size_t>(tokens.size(), i + options.chunk);
    const std::vector<float> logits =
        harness.Append({tokens.begin() + static_cast<ptrdiff_t>(i), tokens.begin() + static_cast<ptrdiff_t>(end)});
    hash.Update(std::as_bytes(std::span(logits)));
  }
  return ToHex(hash.Finish());
}

class OneAnswer : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::filesystem::path path = RealModelPath(GetParam());
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there: candor pull " << GetParam();
    model_ = LoadTestModel(path);
  }
  Model model_;
};

TEST_P(OneAnswer, WhateverTheInstructionSet) {
  const std::string first = DigestOf(model_, {}, kTokens);
  const std::string first_short = DigestOf(model_, {}, kScalarTokens);
  for (const KernelTable* kernels : AllKernels()) {
    if (std::string(kernels->name) == "scalar") {
      EXPECT_EQ(DigestOf(model_, {.kernels = kernels}, kScalarTokens), first_short);
    } else {
      EXPECT_EQ(DigestOf(model_, {.kernels = kernels}, kTokens), first) << kernels->name;
    }
  }
}

TEST_P(OneAnswer, WhateverTheThreads) {
  const std::string first = DigestOf(model_, {.threads = 1}, kTokens);
  EXPECT_EQ(DigestOf(model_, {.threads = 2}, kTokens), first);
  EXPECT_EQ(DigestOf(model_, {.threads = 3}, kTokens), first);
}

// A chunk of 1 is decoding token by token: the same bits as one prefill over all tokens.
TEST_P(OneAnswer, WhateverTheChunk) {
  const std::string first = DigestOf(model_, {.chunk = 512}, kTokens);
  for (uint32_t chunk : {1u, 7u, 64u}) EXPECT_EQ(DigestOf(model_, {.chunk = chunk}, kTokens), first) << chunk;
}

TEST_P(OneAnswer, WhateverTheCacheFormatTheChunksAgree) {
  for (KvType kv : {KvType::kF32, KvType::kQ8_0}) {
    const KernelTable* avx2 = FindKernels("avx2");
    const std::string first = DigestOf(model_, {.kv = kv, .chunk = 200}, 200);
    EXPECT_EQ(DigestOf(model_, {.kv = kv, .chunk = 13}, 200), first);
    if (avx2) {
      EXPECT_EQ(DigestOf(model_, {.kernels = avx2, .kv = kv, .chunk = 64}, 200), first);
    }
  }
  EXPECT_NE(DigestOf(model_, {.kv = KvType::kF32}, 70), DigestOf(model_, {.kv = KvType::kQ8_0}, 70));
}

TEST_P(OneAnswer, WhateverTheHostsFloatingPointMode) {
  const std::string first = DigestOf(model_, {}, 130);
  const unsigned mode = _mm_getcsr();
  _mm_setcsr((mode | 0x8040) ^ 0x2000);  // flush to zero, denormals are zero, round down
  const std::string other = DigestOf(model_, {}, 130);
  _mm_setcsr(mode);
  EXPECT_EQ(other, first);
}

TEST_P(OneAnswer, WhateverWasThereBeforeARewind) {
  const std::vector<int32_t> tokens = Tokens(model_, 200);
  DecoderHarness plain(model_, {});
  const std::vector<float> want = plain.Append(tokens);
  DecoderHarness rewound(model_, {});
  rewound.Append(tokens);
  rewound.Append({5, 6, 7, 8, 9});
  // Into the middle of a page, to a boundary, and just behind one.
  for (uint32_t position : {100u, 128u, 129u, 0u}) {
    rewound.Rewind(position);
    const std::vector<float> again = rewound.Append({tokens.begin() + position, tokens.end()});
    const std::span<const float> tail(want.data() + size_t{position} * model_.config.vocabulary, again.size());
    EXPECT_EQ(std::memcmp(again.data(), tail.data(), tail.size_bytes()), 0) << position;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, OneAnswer, ::testing::ValuesIn(ModelNames()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace candor
