// Norms, rotary embedding, functions, attention and the cache's formats: every set against the plain definition.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "base/huge_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/reference.h"
#include "kernels/spec/float_formats.h"

namespace candor {
namespace {

std::vector<float> Normal(size_t n, unsigned seed, float deviation = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> x(n);
  for (float& v : x) v = normal(random);
  return x;
}

void ExpectSame(std::span<const float> got, std::span<const float> want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::bit_cast<uint32_t>(got[i]) == std::bit_cast<uint32_t>(want[i]) ||
                (std::isnan(got[i]) && std::isnan(want[i])))
        << what << " " << i << ": " << got[i] << ", defined " << want[i];
  }
}

// Calls `use` for every table, in the floating-point mode that kernels are called in.
template <class Use>
void ForEachTable(Use use) {
  ThreadPool mode(1);
  mode.Run([&](Worker&) {
    for (const KernelTable* const* table = AvailableKernels(); *table; ++table) use(**table);
  });
}

TEST(Rows, RmsNorm) {
  for (size_t n : {1u, 15u, 16u, 17u, 64u, 576u, 896u}) {
    const std::vector<float> x = Normal(n, 1, 3.0f);
    const std::vector<float> weight = Normal(n, 2);
    const std::vector<float> want = reference::RmsNorm(x, weight, 1e-6f);
    ForEachTable([&](const KernelTable& k) {
      std::vector<float> out(n);
      k.rms_norm(x.data(), weight.data(), static_cast<int>(n), 1e-6f, out.data());
      ExpectSame(out, want, k.name);
    });
  }
}

TEST(Rows, Rope) {
  for (bool interleaved : {false, true}) {
    for (size_t dims : {2u, 6u, 32u, 64u, 128u}) {
      const std::vector<float> head = Normal(dims + 16, 3);
      const std::vector<float> cosines = Normal(dims / 2, 4);
      const std::vector<float> sines = Normal(dims / 2, 5);
      std::vector<float> want = head;
      reference::Rope(want, cosines, sines, interleaved);
      ForEachTable([&](const KernelTable& k) {
        std::vector<float> out = head;
        k.rope(out.data(), cosines.data(), sines.data(), static_cast<int>(dims), interleaved);
        ExpectSame(out, want, k.name);
      });
    }
  }
}

TEST(Rows, ElementwiseFunctions) {
  std::vector<float> gate = Normal(200, 6, 4.0f);
  for (float v : {0.0f, -0.0f, 1e-40f, 88.0f, -88.0f, 1000.0f, -1000.0f, 86.0f, -86.0f, 0.624f, 0.625f, 0.626f}) {
    gate.push_back(v);
  }
  gate.push_back(std::numeric_limits<float>::infinity());
  gate.push_back(-std::numeric_limits<float>::infinity());
  gate.push_back(std::numeric_limits<float>::quiet_NaN());
  const std::vector<float> up = Normal(gate.size(), 7);
  std::vector<float> silu, gelu, capped, sum, scaled;
  for (size_t i = 0; i < gate.size(); ++i) {
    silu.push_back(reference::SiluMultiply(gate[i], up[i]));
    gelu.push_back(reference::GeluMultiply(gate[i], up[i]));
    capped.push_back(reference::Softcap(gate[i], 30.0f));
    sum.push_back(gate[i] + up[i]);
    scaled.push_back(gate[i] * 0.125f);
  }
  const int n = static_cast<int>(gate.size());
  ForEachTable([&](const KernelTable& k) {
    std::vector<float> out(gate.size());
    k.silu_multiply(gate.data(), up.data(), n, out.data());
    ExpectSame(out, silu, std::string(k.name) + " silu");
    k.gelu_multiply(gate.data(), up.data(), n, out.data());
    ExpectSame(out, gelu, std::string(k.name) + " gelu");
    out = gate;
    k.softcap(out.data(), 30.0f, n);
    ExpectSame(out, capped, std::string(k.name) + " softcap");
    out = gate;
    k.add(out.data(), up.data(), n);
    ExpectSame(out, sum, std::string(k.name) + " add");
    out = gate;
    k.scale(out.data(), 0.125f, n);
    ExpectSame(out, scaled, std::string(k.name) + " scale");
  });
}

// The definition itself, against the C library in double.
TEST(Functions, AreAccurate) {
  for (float x = -86.0f; x < 88.0f; x += 0.0137f) {
    const double exact = std::exp(static_cast<double>(x));
    EXPECT_NEAR(reference::Exp(x) / exact, 1.0, 3e-7) << x;  // two units in the last place
  }
  for (float x = -9.0f; x < 9.0f; x += 0.0013f) {
    const double exact = std::tanh(static_cast<double>(x));
    EXPECT_NEAR(reference::Tanh(x), exact, 2.5e-7 * std::max(0.5, std::fabs(exact))) << x;
  }
  EXPECT_EQ(reference::Exp(0.0f), 1.0f);
}

struct AttentionCase {
  int head_dim, value_dim;
  uint32_t window;
  float softcap;
  KvFormat format;
};

class AttentionKernel : public ::testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionKernel, EverySetComputesTheDefinition) {
  const AttentionCase& c = GetParam();
  constexpr uint32_t kPositions = 200;
  const auto head_dim = static_cast<size_t>(c.head_dim);
  const auto value_dim = static_cast<size_t>(c.value_dim);
  // Pages, as the decoder writes them.
  reference::AttentionInput in{.query = {},
                               .keys = {},
                               .values = {},
                               .position = 0,
                               .window = c.window,
                               .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim)),
                               .softcap = c.softcap};
  std::vector<HugeBuffer> key_pages, value_pages;
  std::vector<const std::byte*> keys, values;
  for (uint32_t p = 0; p < kPositions; ++p) {
    if (p % 64 == 0) {
      key_pages.emplace_back(64 * head_dim * 4);
      value_pages.emplace_back(64 * value_dim * 4);
      keys.push_back(key_pages.back().data());
      values.push_back(value_pages.back().data());
    }
    std::vector<float> key = Normal(head_dim, 100 + p, 2.0f);
    std::vector<float> value = Normal(value_dim, 500 + p);
    const size_t slot = p % 64;
    for (size_t d = 0; d < head_dim; ++d) {
      if (c.format == KvFormat::kF32) {
        reinterpret_cast<float*>(key_pages.back().data())[d * 64 + slot] = key[d];
      } else {
        const uint16_t half = spec::HalfFromFloat(key[d]);
        reinterpret_cast<uint16_t*>(key_pages.back().data())[d * 64 + slot] = half;
        key[d] = spec::FloatFromHalf(half);
      }
    }
    std::byte* page = value_pages.back().data();
    if (c.format == KvFormat::kF32) {
      std::copy(value.begin(), value.end(), reinterpret_cast<float*>(page) + slot * value_dim);
    } else if (c.format == KvFormat::kF16) {
      for (size_t d = 0; d < value_dim; ++d) {
        const uint16_t half = spec::HalfFromFloat(value[d]);
        reinterpret_cast<uint16_t*>(page)[slot * value_dim + d] = half;
        value[d] = spec::FloatFromHalf(half);
      }
    } else {
      AvailableKernels()[0]->store_int8(value.data(), c.value_dim, reinterpret_cast<int8_t*>(page) + slot * value_dim,
                                        reinterpret_cast<uint16_t*>(page + 64 * value_dim) + slot * (value_dim / 32));
      value = reference::ThroughInt8(value);
    }
    in.keys.push_back(key);
    in.values.push_back(value);
  }
  // Rows at several positions in one call, so that tiles hold rows with different views.
  std::vector<uint32_t> positions = {0, 1, 5, 62, 63, 64, 65, 100, 127, 128, 150, 190, 199, 199};
  std::vector<std::vector<float>> queries, want;
  for (size_t r = 0; r < positions.size(); ++r) {
    queries.push_back(Normal(head_dim, 900 + static_cast<unsigned>(r), 2.0f));
    in.query = queries.back();
    in.position = positions[r];
    want.push_back(reference::Attention(in));
  }
  ForEachTable([&](const KernelTable& k) {
    HugeBuffer scratch(AttentionScratchFloats(head_dim, value_dim) * 4);
    for (size_t first : {0u, 3u, 12u}) {
      std::vector<std::vector<float>> out(positions.size(), std::vector<float>(value_dim));
      std::vector<const float*> query_rows;
      std::vector<float*> out_rows;
      for (size_t r = first; r < positions.size(); ++r) {
        query_rows.push_back(queries[r].data());
        out_rows.push_back(out[r].data());
      }
      k.attention({.rows = static_cast<int>(query_rows.size()),
                   .query = query_rows.data(),
                   .out = out_rows.data(),
                   .position = positions.data() + first,
                   .window = c.window,
                   .key_pages = keys.data(),
                   .value_pages = values.data(),
                   .head_dim = c.head_dim,
                   .value_dim = c.value_dim,
                   .format = c.format,
                   .scale = in.scale,
                   .softcap = c.softcap,
                   .scratch = reinterpret_cast<float*>(scratch.data())});
      for (size_t r = first; r < positions.size(); ++r) {
        ExpectSame(out[r], want[r], std::string(k.name) + " position " + std::to_string(positions[r]));
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionKernel,
                         ::testing::Values(AttentionCase{64, 64, 0, 0.0f, KvFormat::kF16},
                                           AttentionCase{64, 64, 0, 0.0f, KvFormat::kF32},
                                           AttentionCase{64, 64, 0, 0.0f, KvFormat::kInt8Values},
                                           AttentionCase{256, 256, 70, 0.0f, KvFormat::kF16},
                                           AttentionCase{32, 32, 1, 50.0f, KvFormat::kF16},
                                           AttentionCase{80, 72, 64, 0.0f, KvFormat::kF16},
                                           AttentionCase{16, 16, 65, 30.0f, KvFormat::kF32},
                                           AttentionCase{24, 40, 0, 0.0f, KvFormat::kF32}));

TEST(CacheFormats, HalvesSaturateAndKeepTheirStride) {
  std::vector<float> x = Normal(40, 8);
  x[0] = 1e9f;
  x[1] = -1e9f;
  x[2] = 65519.0f;
  x[3] = 65504.0f;
  x[4] = 1e-8f;
  x[5] = 5.9604645e-8f;
  x[6] = -0.0f;
  x[7] = 1.00048828125f;  // between two halves: to even
  ForEachTable([&](const KernelTable& k) {
    std::vector<uint16_t> out(40 * 3, 0xabcd);
    k.store_halves(x.data(), 40, out.data(), 3);
    for (size_t i = 0; i < 40; ++i) {
      EXPECT_EQ(out[3 * i], spec::HalfFromFloat(x[i])) << k.name << " " << i;
      EXPECT_EQ(out[3 * i + 1], 0xabcd);
    }
    EXPECT_EQ(out[0], 0x7bff);
    EXPECT_EQ(out[3], 0xfbff);
  });
}

TEST(CacheFormats, Int8BlocksAreTheDefinitions) {
  std::vector<float> x = Normal(128, 9);
  std::fill_n(x.begin(), 32, 0.0f);
  for (size_t i = 32; i < 64; ++i) x[i] *= 1e-9f;
  for (size_t i = 64; i < 96; ++i) x[i] *= 1e9f;
  const std::vector<float> want = reference::ThroughInt8(x);
  ForEachTable([&](const KernelTable& k) {
    std::vector<int8_t> codes(128);
    std::vector<uint16_t> scales(4);
    k.store_int8(x.data(), 128, codes.data(), scales.data());
    std::vector<float> out;
    for (size_t i = 0; i < 128; ++i) out.push_back(codes[i] * spec::FloatFromHalf(scales[i / 32]));
    ExpectSame(out, want, k.name);
  });
}

}  // namespace
}  // namespace candor
