#include "kernels/probe.h"

#include <cstring>
#include <span>
#include <vector>

#include "base/float_mode.h"
#include "base/huge_buffer.h"
#include "kernels/packed_matrix.h"
#include "kernels/panel_layout.h"

namespace candor {
namespace {

constexpr uint64_t kKnownDigest = 0x4f4b34d2271fc362;

constexpr uint32_t kRows = 16;
constexpr uint32_t kColumns = 512;
constexpr int kTokens = 3;
constexpr int kHeadDim = 32;
constexpr uint32_t kPositions = 100;

constexpr TensorType kTypes[] = {TensorType::kF32,    TensorType::kF16,    TensorType::kBF16,   TensorType::kQ4_0,
                                 TensorType::kQ4_1,   TensorType::kQ5_0,   TensorType::kQ5_1,   TensorType::kQ8_0,
                                 TensorType::kQ2_K,   TensorType::kQ3_K,   TensorType::kQ4_K,   TensorType::kQ5_K,
                                 TensorType::kQ6_K,   TensorType::kIQ4_NL, TensorType::kIQ4_XS, TensorType::kMXFP4,
                                 TensorType::kF8_E4M3};

// A fixed sequence of bits (Knuth's multiplicative generator, upper half).
class Bits {
 public:
  uint32_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 32);
  }
  // A float in [-2, 2) with 20 bits.
  float NextFloat() { return (static_cast<float>(Next() >> 12) - 524288.0f) * 0x1p-18f; }
  std::vector<float> Floats(size_t n) {
    std::vector<float> x(n);
    for (float& v : x) v = NextFloat();
    return x;
  }

 private:
  uint64_t state_ = 1;
};

// FNV-1a over the bits of floats.
class Digest {
 public:
  void Add(std::span<const float> values) {
    for (float value : values) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      hash_ = (hash_ ^ bits) * 0x100000001b3u;
    }
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

// Random bytes in which every two bytes form a small finite half, and every four a finite float: scales wherever a
// format keeps them.
std::vector<std::byte> WeightBytes(Bits& bits, size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes) b = static_cast<std::byte>(bits.Next() & 0xbf);
  return bytes;
}

void Products(const KernelTable& table, Bits& bits, Digest& digest) {
  const std::vector<float> x = bits.Floats(kTokens * kColumns);
  HugeBuffer activations(kTokens * ActivationBytes(ActivationKind::kFloat, kColumns));
  for (TensorType type : kTypes) {
    const TensorTypeInfo& info = InfoOf(type);
    PackedMatrix matrix(type, kRows, kColumns, "probe");
    const std::vector<std::byte> weights = WeightBytes(bits, kRows * (kColumns / info.block_values) * info.block_bytes);
    std::vector<float> scales;
    if (type == TensorType::kF8_E4M3) scales = bits.Floats(kRows * PackedMatrix::ScaleBlocks(kColumns));
    matrix.PackRows(0, kRows, weights, scales);
    for (ActivationKind kind : {ActivationKind::kInt8, ActivationKind::kInt15, ActivationKind::kFloat}) {
      if (TakesFloatActivations(type) && kind != ActivationKind::kFloat) continue;
      for (int t = 0; t < kTokens;) {
        const int tile = TileTokens(kTokens - t, table.max_tile);
        table.make_activations(kind, x.data() + static_cast<size_t>(t) * kColumns, kColumns, tile, kColumns,
                               activations.data() + static_cast<size_t>(t) * ActivationBytes(kind, kColumns));
        t += tile;
      }
      std::vector<float> out(kTokens * kRows);
      table.matmul({.weights = matrix.view(),
                    .kind = kind,
                    .activations = activations.data(),
                    .tokens = kTokens,
                    .panel_begin = 0,
                    .panel_end = 1,
                    .bias = nullptr,
                    .out = out.data(),
                    .out_stride = kRows});
      digest.Add(out);
    }
  }
}

void RowFunctions(const KernelTable& table, Bits& bits, Digest& digest) {
  std::vector<float> x = bits.Floats(77);
  const std::vector<float> y = bits.Floats(77);
  const int n = static_cast<int>(x.size());
  std::vector<float> out(x.size());
  table.rms_norm(x.data(), y.data(), n, 1e-6f, out.data());
  digest.Add(out);
  table.layer_norm(x.data(), y.data(), y.data(), n, 1e-6f, out.data());
  digest.Add(out);
  table.silu_multiply(x.data(), y.data(), n, out.data());
  digest.Add(out);
  table.clamped_silu_multiply(x.data(), y.data(), n, 1.7f, 1.0f, out.data());
  digest.Add(out);
  table.gelu(x.data(), n, out.data());
  digest.Add(out);
  table.gelu_multiply(x.data(), y.data(), n, out.data());
  digest.Add(out);
  table.rope(x.data(), y.data(), out.data(), 64, false);
  table.rope(x.data(), out.data(), y.data(), 64, true);
  table.softcap(x.data(), 3.0f, n);
  table.add(x.data(), y.data(), n);
  table.add_scaled(x.data(), y.data(), 0.3f, n);
  table.scale(x.data(), 0.7f, n);
  digest.Add(x);
}

void CacheAndAttention(const KernelTable& table, Bits& bits, Digest& digest) {
  constexpr size_t kPages = (kPositions + kPagePositions - 1) / kPagePositions;
  for (KvType type : {KvType::kF16, KvType::kQ8_0}) {
    const size_t key_bytes = KeyPageBytes(kHeadDim, type);
    std::vector<HugeBuffer> buffers;
    const std::byte* pages[kPages];
    for (uint32_t p = 0; p < kPositions; ++p) {
      if (p % kPagePositions == 0) {
        buffers.emplace_back(key_bytes + ValuePageBytes(kHeadDim, type));
        pages[p / kPagePositions] = buffers.back().data();
      }
      std::byte* page = buffers.back().data();
      const int slot = static_cast<int>(p % kPagePositions);
      const std::vector<float> row = bits.Floats(2 * kHeadDim);
      table.store_key(row.data(), kHeadDim, type, page, slot);
      table.store_value(row.data() + kHeadDim, kHeadDim, type, page + key_bytes, slot);
    }
    constexpr int kQueries = 8;
    const std::vector<float> queries = bits.Floats(kQueries * kHeadDim);
    std::vector<float> out(kQueries * kHeadDim);
    const float* query_rows[kQueries];
    float* out_rows[kQueries];
    uint32_t positions[kQueries];
    for (int i = 0; i < kQueries; ++i) {
      query_rows[i] = queries.data() + i * kHeadDim;
      out_rows[i] = out.data() + i * kHeadDim;
      positions[i] = static_cast<uint32_t>(13 * i + 8);
    }
    HugeBuffer scratch(AttentionScratchFloats(kHeadDim, kHeadDim) * sizeof(float));
    for (const bool latent : {false, true}) {
      table.attention({.rows = kQueries,
                       .query = query_rows,
                       .out = out_rows,
                       .position = positions,
                       .window = 70,
                       .pages = pages,
                       .keys = 0,
                       .values = key_bytes,
                       .head_dim = kHeadDim,
                       .value_dim = kHeadDim,
                       .type = type,
                       .scale = 0.2f,
                       .softcap = 20.0f,
                       .scratch = reinterpret_cast<float*>(scratch.data()),
                       .sinks = latent ? queries.data() : nullptr,
                       .values_in_keys = latent});
      digest.Add(out);
    }
  }
}

}  // namespace

uint64_t ProbeDigest(const KernelTable& table) {
  Digest digest;
  const FloatMode mode;  // that kernels are called in
  Bits bits;
  Products(table, bits, digest);
  RowFunctions(table, bits, digest);
  CacheAndAttention(table, bits, digest);
  return digest.value();
}

bool GivesKnownAnswers(const KernelTable& table) { return ProbeDigest(table) == kKnownDigest; }

}  // namespace candor
