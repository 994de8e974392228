// Norms, rotary embedding, functions and the cache's formats: every set against the plain definition.
#include <gtest/gtest.h>

#include <cmath>

#include "base/huge_buffer.h"
#include "kernels/kernel_table.h"
#include "kernels/reference.h"
#include "kernels/spec/float_formats.h"
#include "kernels/support.h"

namespace candor {
namespace {

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

TEST(Rows, LayerNorm) {
  for (size_t n : {1u, 15u, 16u, 17u, 64u, 576u, 901u}) {
    std::vector<float> x = Normal(n, 1, 3.0f);
    for (float& v : x) v += 7.0f;  // a mean that matters
    const std::vector<float> weight = Normal(n, 2);
    const std::vector<float> bias = Normal(n, 3);
    const std::vector<float> biased = reference::LayerNorm(x, weight, bias, 1e-5f);
    const std::vector<float> plain = reference::LayerNorm(x, weight, {}, 1e-5f);
    ForEachTable([&](const KernelTable& k) {
      std::vector<float> out(n);
      k.layer_norm(x.data(), weight.data(), bias.data(), static_cast<int>(n), 1e-5f, out.data());
      ExpectSame(out, biased, k.name);
      out = x;  // in place
      k.layer_norm(out.data(), weight.data(), nullptr, static_cast<int>(n), 1e-5f, out.data());
      ExpectSame(out, plain, k.name);
    });
  }
}

// The definition itself, against the formula in double.
TEST(Rows, TheDefinitionOfLayerNormIsAccurate) {
  std::vector<float> x = Normal(768, 1, 2.0f);
  for (float& v : x) v += 30.0f;
  const std::vector<float> weight = Normal(x.size(), 2);
  const std::vector<float> bias = Normal(x.size(), 3);
  const std::vector<float> out = reference::LayerNorm(x, weight, bias, 1e-5f);
  double mean = 0.0, variance = 0.0;
  for (float v : x) mean += v / 768.0;
  for (float v : x) variance += (v - mean) * (v - mean) / 768.0;
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(out[i], (x[i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i], 2e-5) << i;
  }
}

TEST(Rows, Rope) {
  for (bool interleaved : {false, true}) {
    for (size_t dims : {2u, 6u, 32u, 64u, 128u, 256u}) {
      std::vector<float> head = Normal(dims + 16, 3);
      std::vector<float> cosines = Normal(dims / 2, 4);
      std::vector<float> sines = Normal(dims / 2, 5);
      // Zeros of both signs in every combination: the sign of a zero is part of the result.
      for (size_t i = 0; i < std::min<size_t>(dims / 2, 32); ++i) {
        const auto zero = [&](size_t bit) { return i >> bit & 1 ? -0.0f : 0.0f; };
        head[interleaved ? 2 * i : i] = zero(0);
        head[interleaved ? 2 * i + 1 : dims / 2 + i] = zero(1);
        cosines[i] = i & 16 ? zero(2) : 1.0f;
        sines[i] = zero(3);
      }
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
  std::vector<float> up = Normal(gate.size(), 7, 4.0f);
  // Values at and beyond the limit of the clamped activation, and one that is not a number beside an ordinary gate.
  const float some[] = {7.0f, -7.0f, 7.5f, -7.5f, 1e30f, std::numeric_limits<float>::quiet_NaN()};
  std::copy(std::begin(some), std::end(some), up.begin());
  std::vector<float> silu, gelu, gelu_alone, clamped, capped, sum, added, scaled;
  for (size_t i = 0; i < gate.size(); ++i) {
    silu.push_back(reference::SiluMultiply(gate[i], up[i]));
    gelu.push_back(reference::GeluMultiply(gate[i], up[i]));
    gelu_alone.push_back(reference::Gelu(gate[i]));
    clamped.push_back(reference::ClampedSiluMultiply(gate[i], up[i], 1.702f, 7.0f));
    added.push_back(reference::AddScaled(gate[i], up[i], 0.3f));
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
    ExpectSame(out, gelu, std::string(k.name) + " gelu multiply");
    k.gelu(gate.data(), n, out.data());
    ExpectSame(out, gelu_alone, std::string(k.name) + " gelu");
    k.clamped_silu_multiply(gate.data(), up.data(), n, 1.702f, 7.0f, out.data());
    ExpectSame(out, clamped, std::string(k.name) + " clamped silu");
    out = gate;
    k.add_scaled(out.data(), up.data(), 0.3f, n);
    ExpectSame(out, added, std::string(k.name) + " add scaled");
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

TEST(Functions, ActivationsAreTheirFormulas) {
  for (float x = -12.0f; x < 12.0f; x += 0.0171f) {
    const double v = x;
    const double gelu = 0.5 * v * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (v + 0.044715 * v * v * v)));
    EXPECT_NEAR(reference::Gelu(x), gelu, 1e-6 * std::max(1.0, std::fabs(v))) << x;
    for (const float up : {-9.0f, -1.5f, 0.0f, 3.0f, 9.0f}) {
      const double g = std::min(v, 7.0);
      const double clamped = g / (1.0 + std::exp(-1.702 * g)) * (std::clamp<double>(up, -7.0, 7.0) + 1.0);
      EXPECT_NEAR(reference::ClampedSiluMultiply(x, up, 1.702f, 7.0f), clamped,
                  1e-5 * std::max(0.1, std::fabs(clamped)))
          << x << " " << up;
    }
  }
}

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
    std::vector<uint16_t> keys(40 * 64, 0xabcd), values(64 * 40, 0xabcd);
    EXPECT_TRUE(k.store_key(x.data(), 40, KvType::kF16, reinterpret_cast<std::byte*>(keys.data()), 5));
    EXPECT_TRUE(k.store_value(x.data(), 40, KvType::kF16, reinterpret_cast<std::byte*>(values.data()), 63));
    for (size_t i = 0; i < keys.size(); ++i) {
      EXPECT_EQ(keys[i], i % 64 == 5 ? spec::HalfFromFloat(x[i / 64]) : 0xabcd) << k.name << " " << i;
      EXPECT_EQ(values[i], i >= 63 * 40 ? spec::HalfFromFloat(x[i - 63 * 40]) : 0xabcd) << k.name << " " << i;
    }
    EXPECT_EQ(keys[5], 0x7bff);
    EXPECT_EQ(keys[64 + 5], 0xfbff);
  });
}

TEST(CacheFormats, WhatIsNotFiniteIsReported) {
  const float infinity = std::numeric_limits<float>::infinity();
  ForEachTable([&](const KernelTable& k) {
    for (const KvType type : {KvType::kF16, KvType::kF32, KvType::kQ8_0}) {
      HugeBuffer page(64 * 64 * 4);
      EXPECT_TRUE(k.store_key(Normal(64, 3).data(), 64, type, page.data(), 0));
      EXPECT_TRUE(k.store_value(Normal(64, 3).data(), 64, type, page.data(), 0));
      for (const float bad : {infinity, -infinity, std::nanf("")}) {
        for (const size_t at : {0u, 33u, 63u}) {
          std::vector<float> x = Normal(64, 3);
          x[at] = bad;
          EXPECT_FALSE(k.store_key(x.data(), 64, type, page.data(), 0)) << k.name << " " << bad << " at " << at;
          EXPECT_FALSE(k.store_value(x.data(), 64, type, page.data(), 0)) << k.name << " " << bad << " at " << at;
        }
      }
    }
  });
}

TEST(CacheFormats, Int8BlocksAreTheDefinitions) {
  std::vector<float> x = Normal(128, 9);
  std::fill_n(x.begin(), 32, 0.0f);
  for (size_t i = 32; i < 64; ++i) x[i] *= 1e-9f;
  for (size_t i = 64; i < 96; ++i) x[i] *= 1e9f;
  const std::vector<float> want = reference::ThroughInt8(x);
  ForEachTable([&](const KernelTable& k) {
    HugeBuffer page(ValuePageBytes(128, KvType::kQ8_0));
    constexpr size_t kSlot = 7;
    EXPECT_TRUE(k.store_value(x.data(), 128, KvType::kQ8_0, page.data(), kSlot));
    const auto* codes = reinterpret_cast<const int8_t*>(page.data()) + kSlot * 128;
    const auto* scales = reinterpret_cast<const uint16_t*>(page.data() + 64 * 128) + kSlot * 4;
    std::vector<float> out;
    for (size_t i = 0; i < 128; ++i) out.push_back(codes[i] * spec::FloatFromHalf(scales[i / 32]));
    ExpectSame(out, want, k.name);
  });
}

}  // namespace
}  // namespace candor
