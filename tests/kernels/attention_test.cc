// Attention: every set against the plain definition, with values in pages of their own and in the keys.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/huge_buffer.h"
#include "kernels/kernel_table.h"
#include "kernels/reference.h"
#include "kernels/spec/float_formats.h"
#include "kernels/support.h"

namespace candor {
namespace {

constexpr uint32_t kPositions = 200;

// Where values lie: in pages of their own, or as the first dimensions of the keys.
enum class Values { kPages, kKeys };

struct AttentionCase {
  int head_dim, value_dim;
  uint32_t window;
  float softcap;
  KvType type;
  Values values = Values::kPages;
  bool sinks = false;
};

// Keys and values of kPositions positions: pages as the decoder writes them, and what can be read back from them.
class Cache {
 public:
  explicit Cache(const AttentionCase& c) : case_(c), key_bytes_(KeyPageBytes(KeyDim(), c.type)) {
    for (uint32_t p = 0; p < kPositions; ++p) {
      if (p % kPagePositions == 0) {
        const size_t values = c.values == Values::kKeys ? 0 : ValuePageBytes(ValueDim(), c.type);
        buffers_.emplace_back(key_bytes_ + values);
        // What is not written yet must not be read.
        std::fill_n(reinterpret_cast<uint32_t*>(buffers_.back().data()), buffers_.back().size() / 4, 0xffffffffu);
        pages_.push_back(buffers_.back().data());
      }
      StoreKey(p, Normal(KeyDim(), 100 + p, 2.0f));
      if (c.values == Values::kKeys) {
        values_.emplace_back(keys_[p].begin(), keys_[p].begin() + c.value_dim);
      } else {
        StoreValue(p, Normal(ValueDim(), 500 + p));
      }
    }
  }

  // The same cache with its values, which are in the keys, in pages of their own.
  Cache WithValuePages() const {
    AttentionCase c = case_;
    c.values = Values::kPages;
    Cache copy(c);
    copy.values_.clear();
    for (uint32_t p = 0; p < kPositions; ++p) copy.StoreValue(p, values_[p]);
    return copy;
  }

  // Makes a position's key, and a value that lies in it, not a number.
  void Break(uint32_t position) {
    std::byte* page = buffers_[position / kPagePositions].data();
    const size_t element = case_.type == KvType::kF32 ? 4 : 2;
    for (size_t d = 0; d < KeyDim(); ++d) {
      const size_t at = (d * kPagePositions + position % kPagePositions) * element;
      std::fill_n(page + at, element, std::byte{0xff});
    }
  }

  std::vector<float> Definition(std::span<const float> query, uint32_t position, const float* sink) const {
    return reference::Attention({.query = {query.begin(), query.end()},
                                 .keys = keys_,
                                 .values = values_,
                                 .position = position,
                                 .window = case_.window,
                                 .scale = Scale(),
                                 .softcap = case_.softcap,
                                 .sink = sink});
  }

  // Rows [first, ...) of the given ones in one call; the rows before are left empty.
  std::vector<std::vector<float>> Kernel(const KernelTable& kernels, std::span<const std::vector<float>> queries,
                                         std::span<const uint32_t> positions, const float* sinks, size_t first) const {
    HugeBuffer scratch(AttentionScratchFloats(KeyDim(), ValueDim()) * 4);
    // Whatever was computed here before must not show.
    std::fill_n(reinterpret_cast<uint32_t*>(scratch.data()), scratch.size() / 4, 0xffffffffu);
    std::vector<std::vector<float>> out(positions.size(), std::vector<float>(ValueDim()));
    std::vector<const float*> query_rows;
    std::vector<float*> out_rows;
    for (size_t r = first; r < positions.size(); ++r) {
      query_rows.push_back(queries[r].data());
      out_rows.push_back(out[r].data());
    }
    kernels.attention({.rows = static_cast<int>(query_rows.size()),
                       .query = query_rows.data(),
                       .out = out_rows.data(),
                       .position = positions.data() + first,
                       .window = case_.window,
                       .pages = pages_.data(),
                       .keys = 0,
                       .values = key_bytes_,
                       .head_dim = case_.head_dim,
                       .value_dim = case_.value_dim,
                       .type = case_.type,
                       .scale = Scale(),
                       .softcap = case_.softcap,
                       .scratch = reinterpret_cast<float*>(scratch.data()),
                       .sinks = sinks ? sinks + first : nullptr,
                       .values_in_keys = case_.values == Values::kKeys});
    return out;
  }

 private:
  size_t KeyDim() const { return static_cast<size_t>(case_.head_dim); }
  size_t ValueDim() const { return static_cast<size_t>(case_.value_dim); }
  float Scale() const { return 1.0f / std::sqrt(static_cast<float>(case_.head_dim)); }
  static float Through16Bits(float x) { return spec::FloatFromHalf(spec::HalfFromFloat(x)); }

  void StoreKey(uint32_t position, std::vector<float> key) {
    std::byte* page = buffers_[position / kPagePositions].data();
    const size_t slot = position % kPagePositions;
    for (size_t d = 0; d < key.size(); ++d) {
      if (case_.type == KvType::kF32) {
        reinterpret_cast<float*>(page)[d * 64 + slot] = key[d];
      } else {
        reinterpret_cast<uint16_t*>(page)[d * 64 + slot] = spec::HalfFromFloat(key[d]);
        key[d] = Through16Bits(key[d]);
      }
    }
    keys_.push_back(key);
  }

  void StoreValue(uint32_t position, std::vector<float> value) {
    std::byte* page = buffers_[position / kPagePositions].data() + key_bytes_;
    const size_t slot = position % kPagePositions;
    if (case_.type == KvType::kF32) {
      std::copy(value.begin(), value.end(), reinterpret_cast<float*>(page) + slot * value.size());
    } else if (case_.type == KvType::kF16) {
      for (size_t d = 0; d < value.size(); ++d) {
        reinterpret_cast<uint16_t*>(page)[slot * value.size() + d] = spec::HalfFromFloat(value[d]);
        value[d] = Through16Bits(value[d]);
      }
    } else {
      AvailableKernels()[0]->store_value(value.data(), case_.value_dim, case_.type, page, static_cast<int>(slot));
      value = reference::ThroughInt8(value);
    }
    values_.push_back(value);
  }

  AttentionCase case_;
  size_t key_bytes_;
  std::vector<HugeBuffer> buffers_;
  std::vector<const std::byte*> pages_;
  std::vector<std::vector<float>> keys_, values_;
};

std::vector<std::vector<float>> Queries(size_t rows, int head_dim) {
  std::vector<std::vector<float>> queries;
  for (unsigned r = 0; r < rows; ++r) queries.push_back(Normal(static_cast<size_t>(head_dim), 900 + r, 2.0f));
  return queries;
}

void ExpectRows(const std::vector<std::vector<float>>& got, const std::vector<std::vector<float>>& want, size_t first,
                const std::string& what) {
  for (size_t r = first; r < got.size(); ++r) ExpectSame(got[r], want[r], what + " row " + std::to_string(r));
}

class AttentionKernel : public ::testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionKernel, EverySetComputesTheDefinition) {
  const AttentionCase& c = GetParam();
  const Cache cache(c);
  // Rows at several positions in one call, so that tiles hold rows with different views.
  const std::vector<uint32_t> positions = {0, 1, 5, 62, 63, 63, 64, 64, 65, 70, 99, 100, 127, 128, 150, 190, 199, 199};
  const auto queries = Queries(positions.size(), c.head_dim);
  std::vector<float> sinks = Normal(positions.size(), 77, 3.0f);
  sinks[2] = 200.0f;   // takes everything
  sinks[3] = -200.0f;  // takes nothing
  std::vector<std::vector<float>> want;
  for (size_t r = 0; r < positions.size(); ++r) {
    want.push_back(cache.Definition(queries[r], positions[r], c.sinks ? &sinks[r] : nullptr));
  }
  ForEachTable([&](const KernelTable& k) {
    for (size_t first : {0u, 3u, 16u}) {
      ExpectRows(cache.Kernel(k, queries, positions, c.sinks ? sinks.data() : nullptr, first), want, first, k.name);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AttentionKernel,
    ::testing::Values(AttentionCase{64, 64, 0, 0.0f, KvType::kF16}, AttentionCase{64, 64, 0, 0.0f, KvType::kF32},
                      AttentionCase{64, 64, 0, 0.0f, KvType::kQ8_0}, AttentionCase{256, 256, 70, 0.0f, KvType::kF16},
                      AttentionCase{32, 32, 1, 50.0f, KvType::kF16}, AttentionCase{80, 72, 64, 0.0f, KvType::kF16},
                      AttentionCase{16, 16, 65, 30.0f, KvType::kF32}, AttentionCase{24, 40, 0, 0.0f, KvType::kF32},
                      AttentionCase{64, 64, 0, 0.0f, KvType::kF16, Values::kPages, true},
                      AttentionCase{64, 64, 70, 0.0f, KvType::kQ8_0, Values::kPages, true},
                      AttentionCase{576, 512, 0, 0.0f, KvType::kF16, Values::kKeys},
                      AttentionCase{48, 32, 0, 0.0f, KvType::kF32, Values::kKeys},
                      AttentionCase{48, 32, 0, 0.0f, KvType::kQ8_0, Values::kKeys},
                      AttentionCase{40, 24, 70, 30.0f, KvType::kF16, Values::kKeys},
                      AttentionCase{24, 19, 1, 0.0f, KvType::kF16, Values::kKeys},
                      AttentionCase{24, 24, 65, 0.0f, KvType::kF32, Values::kKeys, true}));

// The latent attention of many heads, against pages of values that hold the same numbers.
TEST(ValuesInKeys, GiveWhatPagesOfTheSameValuesGive) {
  for (const KvType type : {KvType::kF16, KvType::kF32}) {
    const AttentionCase c{576, 512, 0, 0.0f, type, Values::kKeys};
    const Cache cache(c);
    const Cache apart = cache.WithValuePages();
    for (const uint32_t last : {40u, 199u}) {
      const std::vector<uint32_t> positions(kMaxAttentionRows, last);  // the heads of one token
      const auto queries = Queries(positions.size(), c.head_dim);
      ForEachTable([&](const KernelTable& k) {
        ExpectRows(cache.Kernel(k, queries, positions, nullptr, 0), apart.Kernel(k, queries, positions, nullptr, 0), 0,
                   k.name);
      });
    }
  }
}

// A row's lanes are shared with rows that see more: what those see must not reach it.
TEST(ValuesInKeys, ATileThatARowDoesNotSeeLeavesItAsItIs) {
  const AttentionCase c{48, 32, 0, 0.0f, KvType::kF16, Values::kKeys};
  Cache cache(c);
  const std::vector<uint32_t> positions = {10, 63, 64, 90, 130};
  const auto queries = Queries(positions.size(), c.head_dim);
  std::vector<std::vector<float>> want;
  for (size_t r = 0; r < positions.size(); ++r) want.push_back(cache.Definition(queries[r], positions[r], nullptr));
  cache.Break(130);
  ForEachTable([&](const KernelTable& k) {
    const auto got = cache.Kernel(k, queries, positions, nullptr, 0);
    for (size_t r = 0; r < 4; ++r) ExpectSame(got[r], want[r], k.name);
    EXPECT_TRUE(std::isnan(got[4][0])) << k.name;
  });
}

// The definition itself: with a sink, weights are shares of a sum that the sink is part of.
TEST(Sinks, TakeTheirShareOfTheSoftmax) {
  const std::vector<std::vector<float>> keys = {{1.0f}, {-0.5f}, {2.0f}};
  const std::vector<std::vector<float>> values = {{3.0f}, {-1.0f}, {0.25f}};
  const float sink = 1.5f;
  const std::vector<float> out = reference::Attention({.query = {0.7f},
                                                       .keys = keys,
                                                       .values = values,
                                                       .position = 2,
                                                       .window = 0,
                                                       .scale = 0.5f,
                                                       .softcap = 0.0f,
                                                       .sink = &sink});
  double sum = std::exp(1.5), weighted = 0.0;
  for (size_t p = 0; p < 3; ++p) {
    const double w = std::exp(0.7 * static_cast<double>(keys[p][0]) * 0.5);
    sum += w;
    weighted += w * static_cast<double>(values[p][0]);
  }
  EXPECT_NEAR(out[0], weighted / sum, 1e-6);
}

}  // namespace
}  // namespace candor
