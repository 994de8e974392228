// Times attention on one thread: query rows that share keys and values, over a cache in memory.
//
//   attention_bench [--isa NAME] [--positions N]
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/float_mode.h"
#include "base/huge_buffer.h"
#include "base/statistics.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

constexpr int kRepetitions = 15;

struct Case {
  const char* name;
  int rows;
  int head_dim;
  int value_dim;
  KvType type;
  bool values_in_keys;
};

constexpr Case kCases[] = {
    {"grouped heads, one token", 4, 128, 128, KvType::kF16, false},
    {"grouped heads, a chunk", 64, 128, 128, KvType::kF16, false},
    {"8-bit values, one token", 4, 128, 128, KvType::kQ8_0, false},
    {"latent, 64 heads", 64, 576, 512, KvType::kF16, true},
    {"latent, 16 heads", 16, 576, 512, KvType::kF16, true},
    {"latent, 4 heads", 4, 576, 512, KvType::kF16, true},
    {"the same, values apart", 64, 576, 512, KvType::kF16, false},
};

std::vector<float> Normal(size_t n, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(random);
  return x;
}

void Run(const KernelTable& kernels, uint32_t positions) {
  std::printf("%s, one thread, %u positions; medians of %d\n\n", kernels.name, positions, kRepetitions);
  std::printf("%-26s %5s %10s %10s %10s\n", "case", "rows", "us/tile", "GFLOP/s", "GB/s");
  const FloatMode mode;
  for (const Case& c : kCases) {
    std::mt19937 random(5);
    const auto head_dim = static_cast<size_t>(c.head_dim);
    const auto value_dim = static_cast<size_t>(c.value_dim);
    const size_t key_bytes = KeyPageBytes(head_dim, c.type);
    const size_t page_bytes = key_bytes + (c.values_in_keys ? 0 : ValuePageBytes(value_dim, c.type));
    const size_t tiles = (positions + kPagePositions - 1) / kPagePositions;
    HugeBuffer cache(tiles * page_bytes);
    std::vector<const std::byte*> pages;
    for (uint32_t p = 0; p < positions; ++p) {
      std::byte* page = cache.data() + p / kPagePositions * page_bytes;
      if (p % kPagePositions == 0) pages.push_back(page);
      const int slot = static_cast<int>(p % kPagePositions);
      kernels.store_key(Normal(head_dim, random).data(), c.head_dim, c.type, page, slot);
      if (c.values_in_keys) continue;
      kernels.store_value(Normal(value_dim, random).data(), c.value_dim, c.type, page + key_bytes, slot);
    }
    const auto rows = static_cast<size_t>(c.rows);
    const std::vector<float> queries = Normal(rows * head_dim, random);
    std::vector<float> out(rows * value_dim);
    std::vector<const float*> query_rows;
    std::vector<float*> out_rows;
    for (size_t r = 0; r < rows; ++r) {
      query_rows.push_back(queries.data() + r * head_dim);
      out_rows.push_back(out.data() + r * value_dim);
    }
    const std::vector<uint32_t> position(rows, positions - 1);
    HugeBuffer scratch(AttentionScratchFloats(head_dim, value_dim) * sizeof(float));
    std::vector<double> seconds;
    for (int i = 0; i < kRepetitions; ++i) {
      const auto start = std::chrono::steady_clock::now();
      kernels.attention({.rows = c.rows,
                         .query = query_rows.data(),
                         .out = out_rows.data(),
                         .position = position.data(),
                         .window = 0,
                         .pages = pages.data(),
                         .keys = 0,
                         .values = key_bytes,
                         .head_dim = c.head_dim,
                         .value_dim = c.value_dim,
                         .type = c.type,
                         .scale = 0.05f,
                         .softcap = 0.0f,
                         .scratch = reinterpret_cast<float*>(scratch.data()),
                         .values_in_keys = c.values_in_keys});
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    const double median = Median(seconds);
    const double operations = 2.0 * c.rows * positions * (c.head_dim + c.value_dim);
    std::printf("%-26s %5d %10.1f %10.1f %10.1f\n", c.name, c.rows, median * 1e6 / static_cast<double>(tiles),
                operations / median / 1e9, static_cast<double>(tiles * page_bytes) / median / 1e9);
  }
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  std::string isa;
  unsigned long positions = 4096;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--isa") isa = argv[i + 1];
    if (flag == "--positions") positions = std::stoul(argv[i + 1]);
  }
  const candor::KernelTable* kernels = isa.empty() ? candor::AvailableKernels()[0] : candor::FindKernels(isa.c_str());
  if (!kernels || positions < 1 || positions > 1u << 20) {
    std::fprintf(stderr, "usage: attention_bench [--isa NAME] [--positions N]\n");
    return 2;
  }
  candor::Run(*kernels, static_cast<uint32_t>(positions));
  return 0;
}
