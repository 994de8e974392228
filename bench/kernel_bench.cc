// Times the products with weights beside the machine's own limits, format by format: one token (memory), few tokens,
// and a prefill chunk (arithmetic).
//
//   kernel_bench [--isa NAME] [--threads N] [--mib N] [--type NAME]...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/huge_buffer.h"
#include "base/statistics.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/packed_matrix.h"
#include "kernels/peaks.h"
#include "kernels/tensor_type.h"

namespace candor {
namespace {

constexpr uint32_t kColumns = 1024;
constexpr int kRepetitions = 15;

// Random weights of about `bytes`, with scales near 1/1000 so that nothing overflows.
PackedMatrix RandomMatrix(TensorType type, size_t bytes) {
  const TensorTypeInfo& info = InfoOf(type);
  const size_t row_bytes = kColumns / info.block_values * info.block_bytes;
  const auto rows = static_cast<uint32_t>(std::max<size_t>(bytes / row_bytes / 32 * 32, 64));
  PackedMatrix matrix(type, rows, kColumns, "random");
  std::mt19937 random(7);
  std::vector<std::byte> panel(row_bytes * 16);
  std::vector<float> scales;
  if (type == TensorType::kF8_E4M3) scales.assign(16 * PackedMatrix::ScaleBlocks(kColumns), 0.001f);
  for (uint32_t row = 0; row < rows; row += 16) {
    // Bytes below 0x20 keep every binary16 and float32 read from them finite and small.
    for (std::byte& b : panel) b = static_cast<std::byte>(random() & 0x1f);
    matrix.PackRows(row, 16, panel, scales);
  }
  return matrix;
}

std::vector<TensorType> ComputedTypes() {
  std::vector<TensorType> types;
  for (uint32_t id = 0; id < 64; ++id) {
    const std::optional<TensorTypeInfo> found = TensorTypeFromGgufId(id);
    if (found && found->computed) types.push_back(found->type);
  }
  types.push_back(TensorType::kF8_E4M3);
  return types;
}

struct Case {
  const char* name;
  int tokens;
  ActivationKind kind;
};

double SecondsOf(const KernelTable& kernels, ThreadPool& pool, const PackedMatrix& weights, int tokens,
                 ActivationKind kind, std::vector<float>& out) {
  const size_t token_bytes = ActivationBytes(kind, kColumns);
  HugeBuffer activations(static_cast<size_t>(tokens) * token_bytes);
  std::vector<float> x(static_cast<size_t>(tokens) * kColumns);
  std::mt19937 random(9);
  std::normal_distribution<float> normal;
  for (float& value : x) value = normal(random);
  for (int token = 0; token < tokens;) {
    const int tile = TileTokens(tokens - token, kernels.max_tile);
    kernels.make_activations(kind, x.data() + static_cast<size_t>(token) * kColumns, kColumns, tile, kColumns,
                             activations.data() + static_cast<size_t>(token) * token_bytes);
    token += tile;
  }
  out.resize(static_cast<size_t>(tokens) * weights.panels() * 16);
  const auto start = std::chrono::steady_clock::now();
  pool.Run([&](Worker& worker) {
    const Range share = worker.Share(weights.panels() / 2);
    kernels.matmul({.weights = weights.view(),
                    .kind = kind,
                    .activations = activations.data(),
                    .tokens = tokens,
                    .panel_begin = static_cast<uint32_t>(share.begin * 2),
                    .panel_end = static_cast<uint32_t>(share.end * 2),
                    .bias = nullptr,
                    .out = out.data(),
                    .out_stride = weights.panels() * 16});
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Run(const KernelTable& kernels, ThreadPool& pool, size_t bytes, const std::vector<std::string>& types) {
  PeakMeter meter(kernels, pool);
  std::printf(
      "%s, %d threads. One token: GB/s and share of the read bandwidth. More tokens: Gop/s and share of the\n"
      "int8 peak. Medians of %d, the limits sampled before and after each.\n\n",
      kernels.name, pool.size(), kRepetitions);
  std::printf("%-8s %6s %8s %8s %8s\n", "type", "tokens", "speed", "limit", "share");
  std::vector<float> out;
  for (const TensorType type : ComputedTypes()) {
    const TensorTypeInfo& info = InfoOf(type);
    if (!types.empty() && std::find(types.begin(), types.end(), info.name) == types.end()) continue;
    const bool floats = TakesFloatActivations(type);
    const PackedMatrix large = RandomMatrix(type, bytes);
    const PackedMatrix small = RandomMatrix(type, bytes / 64);
    const Case cases[] = {{"1", 1, ActivationKind::kInt8},    {"1 head", 1, ActivationKind::kInt15},
                          {"4", 4, ActivationKind::kInt8},    {"8", 8, ActivationKind::kInt8},
                          {"16", 16, ActivationKind::kInt8},  {"16 head", 16, ActivationKind::kInt15},
                          {"256", 256, ActivationKind::kInt8}};
    for (const Case& c : cases) {
      if (floats && c.kind == ActivationKind::kInt15) continue;
      const ActivationKind kind = floats ? ActivationKind::kFloat : c.kind;
      const PackedMatrix& weights = c.tokens > 16 ? small : large;
      const bool memory = c.tokens == 1;
      const double work = memory ? static_cast<double>(weights.bytes())
                                 : 2.0 * weights.rows() * static_cast<double>(kColumns) * c.tokens;
      const auto sample = [&] {
        const Peaks peaks = meter.Sample();
        return memory ? peaks.read_gbps : peaks.int8_gops;
      };
      std::vector<double> speed, limit, share;
      double before = sample();
      for (int i = 0; i < kRepetitions; ++i) {
        speed.push_back(work / 1e9 / SecondsOf(kernels, pool, weights, c.tokens, kind, out));
        const double after = sample();
        limit.push_back((before + after) / 2);
        share.push_back(speed.back() / limit.back());
        before = after;
      }
      std::printf("%-8s %6s %8.1f %8.1f %7.0f%%\n", std::string(info.name).c_str(), c.name, Median(speed),
                  Median(limit), 100 * Median(share));
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  std::string isa;
  int threads = 2;
  size_t mib = 128;
  std::vector<std::string> types;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--isa") isa = argv[i + 1];
    if (flag == "--threads") threads = std::stoi(argv[i + 1]);
    if (flag == "--mib") mib = std::stoul(argv[i + 1]);
    if (flag == "--type") types.emplace_back(argv[i + 1]);
  }
  const candor::KernelTable* kernels = isa.empty() ? candor::AvailableKernels()[0] : candor::FindKernels(isa.c_str());
  if (!kernels || threads < 1) {
    std::fprintf(stderr, "usage: kernel_bench [--isa NAME] [--threads N] [--mib N] [--type NAME]...\n");
    return 2;
  }
  candor::ThreadPool pool(threads);
  candor::Run(*kernels, pool, mib << 20, types);
  return 0;
}
