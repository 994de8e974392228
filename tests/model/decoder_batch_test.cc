// Sequences that share a batch: what goes wrong with one says so, and is none of the other's business.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "model/golden_files.h"
#include "support/decoder_harness.h"

namespace candor {
namespace {

// A batch of two sequences of `count` rows each, from positions 0 on.
class TwoSequences {
 public:
  TwoSequences(const Model& model, KvType kv, uint32_t count)
      : model_(model), layout_(model.config, kv), decoder_(model, layout_, *AvailableKernels()[0], pool_, {}) {
    std::mt19937 engine(5);
    batch_.embeddings.resize(size_t{2} * count * model.config.hidden);
    for (float& value : batch_.embeddings) value = std::uniform_real_distribution<float>(-1, 1)(engine);
    batch_.wanted.assign(2 * count, WantedOutput::kLogits);
    for (KvPages& pages : pages_) {
      pages.pages.resize(layout_.groups().size());
      for (size_t g = 0; g < pages.pages.size(); ++g) {
        buffers_.push_back(HugeBuffer(layout_.groups()[g].page_bytes));
        pages.pages[g].push_back(buffers_.back().data());
      }
      batch_.sequences.push_back({&pages, 0, count});
    }
  }

  float& Embedding(uint32_t row, uint32_t column) { return batch_.embeddings[row * model_.config.hidden + column]; }
  BatchResult Run() {
    BatchResult result;
    decoder_.Run(batch_, result);
    return result;
  }

 private:
  const Model& model_;
  KvLayout layout_;
  ThreadPool pool_{3};
  Decoder decoder_;
  KvPages pages_[2];
  std::vector<HugeBuffer> buffers_;
  Batch batch_;
};

TEST(DecoderBatch, WhatIsNotFiniteBreaksItsOwnSequenceOnly) {
  const Model model = LoadTestModel(GoldenPath("qwen3").string());
  const float infinity = std::numeric_limits<float>::infinity();
  for (const KvType kv : {KvType::kF16, KvType::kF32}) {
    for (const uint32_t count : {3u, 20u}) {  // a replicated batch, and a shared one
      const BatchResult whole = TwoSequences(model, kv, count).Run();
      EXPECT_EQ(whole.broken, (std::vector<bool>{false, false}));
      for (const float value : {infinity, -infinity, std::nanf("")}) {
        TwoSequences sequences(model, kv, count);
        sequences.Embedding(count + 1, 4) = value;
        const BatchResult result = sequences.Run();
        EXPECT_EQ(result.broken, (std::vector<bool>{false, true})) << value;
        const size_t half = whole.logits.size() / 2;
        EXPECT_TRUE(std::equal(whole.logits.begin(), whole.logits.begin() + static_cast<ptrdiff_t>(half),
                               result.logits.begin()));
      }
    }
  }
}

}  // namespace
}  // namespace candor
