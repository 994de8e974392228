// One layer of DeepSeek R1 at its true dimensions, with random weights in four bits: how fast it decodes and prefills
// here, against this machine's own peaks in the same run. Needs 10 GB of memory.
//
//     r1_layer_bench [--threads N] [--context N] [--prompt N] [--repetitions N]
//
// Prints for its attention, for its experts and for both together, for one token and for a prompt: milliseconds,
// tokens/s of this layer alone, bytes of weights and cache read with GB/s and their share of what the memory gives, and
// operations likewise. A share is the median of shares, each of a repetition and the limits sampled before and after
// it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/huge_buffer.h"
#include "base/statistics.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/peaks.h"
#include "kernels/spec/float_formats.h"
#include "model/decoder.h"
#include "model/rope_scaling.h"

namespace candor {
namespace {

// DeepSeek-AI 2024, section 4.2, and the published config.json.
constexpr uint32_t kHidden = 7168;
constexpr uint32_t kHeads = 128;
constexpr uint32_t kQueryRank = 1536;
constexpr uint32_t kRank = 512, kRopeDim = 64, kNopeDim = 128, kValueDim = 128;
constexpr uint32_t kExperts = 256, kUsed = 8, kExpertDim = 2048;
constexpr uint32_t kGroups = 8, kGroupsUsed = 4;

using Clock = std::chrono::steady_clock;

struct Options {
  int threads = AvailableCpus();
  uint32_t context = 128;
  uint32_t prompt = 512;
  int repetitions = 15;
};

// Random weights of about 1 / sqrt(columns): in Q4_K where its blocks fit, or Q8_0.
class WeightMaker {
 public:
  explicit WeightMaker(ThreadPool& pool) : pool_(pool) {}

  PackedMatrix Matrix(uint32_t rows, uint32_t columns, const std::string& name) {
    const TensorType type = columns % 256 == 0 ? TensorType::kQ4_K : TensorType::kQ8_0;
    PackedMatrix matrix(type, rows, columns, name);
    const TensorTypeInfo& info = InfoOf(type);
    const size_t row_bytes = columns / info.block_values * info.block_bytes;
    const uint64_t seed = ++matrices_;
    pool_.Run([&](Worker& worker) {
      std::vector<std::byte> bytes(16 * row_bytes);
      const Range panels = worker.Share((rows + 15) / 16);
      for (size_t panel = panels.begin; panel < panels.end; ++panel) {
        uint64_t state = (seed << 32 | panel) * 0x9E3779B97F4A7C15u + 1;
        for (size_t at = 0; at < bytes.size(); at += info.block_bytes) Fill(type, columns, state, bytes.data() + at);
        const auto first = static_cast<uint32_t>(panel) * 16;
        const uint32_t count = std::min(16u, rows - first);
        matrix.PackRows(first, count, std::span(bytes).first(count * row_bytes));
      }
    });
    return matrix;
  }

  std::vector<PackedMatrix> Matrices(uint32_t count, uint32_t rows, uint32_t columns, const std::string& name) {
    std::vector<PackedMatrix> matrices;
    for (uint32_t i = 0; i < count; ++i) matrices.push_back(Matrix(rows, columns, name));
    return matrices;
  }

  // In float32, for the router.
  PackedMatrix Floats(uint32_t rows, uint32_t columns, const std::string& name) {
    PackedMatrix matrix(TensorType::kF32, rows, columns, name);
    std::mt19937 engine(7);
    std::normal_distribution<float> normal(0.0f, 0.01f);
    std::vector<float> values(size_t{rows} * columns);
    for (float& value : values) value = normal(engine);
    matrix.PackRows(0, rows, std::as_bytes(std::span(values)));
    return matrix;
  }

 private:
  static uint64_t Next(uint64_t& state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }

  // One block of a file: codes at random, scales such that values are around zero.
  static void Fill(TensorType type, uint32_t columns, uint64_t& state, std::byte* block) {
    const auto half = [](float value) { return spec::HalfFromFloat(value); };
    const float spread = 1.0f / std::sqrt(static_cast<float>(columns));
    const size_t codes = type == TensorType::kQ4_K ? 16 : 2;
    const size_t bytes = InfoOf(type).block_bytes;
    for (size_t at = codes; at < bytes; at += 8) {
      const uint64_t bits = Next(state);
      std::memcpy(block + at, &bits, std::min<size_t>(8, bytes - at));
    }
    if (type == TensorType::kQ8_0) {
      const uint16_t d = half(spread / 74);  // codes are uniform in -128 to 127
      std::memcpy(block, &d, 2);
      return;
    }
    // Every scale and minimum is 32: low six bits of the first four of each, and of the others' both parts.
    const uint16_t d = half(spread / (4.6f * 32));
    const uint16_t dmin = half(7.5f * spread / (4.6f * 32));
    std::memcpy(block, &d, 2);
    std::memcpy(block + 2, &dmin, 2);
    for (int i = 0; i < 8; ++i) block[4 + i] = std::byte{32 | 2 << 6};
    for (int i = 8; i < 12; ++i) block[4 + i] = std::byte{0};
  }

  ThreadPool& pool_;
  uint64_t matrices_ = 0;
};

LayerConfig PlainLayer() {
  LayerConfig layer;
  layer.heads = layer.kv_heads = 1;
  layer.head_dim = layer.value_dim = 16;
  layer.attention_scale = 0.25f;
  layer.ffn_dim = 32;
  layer.rope = -1;
  return layer;
}

ModelConfig OneLayer(const LayerConfig& layer) {
  ModelConfig config;
  config.architecture = "one layer";
  config.vocabulary = 16;
  config.hidden = kHidden;
  config.context_length = 1 << 17;
  config.norm_epsilon = 1e-6f;
  RopeConfig rope;
  rope.dims = kRopeDim;
  rope.interleaved = true;
  rope.frequency_factors = YarnFactors(kRopeDim, rope.base, {.factor = 40, .first_context = 4096});
  config.ropes.push_back(rope);
  config.layers.push_back(layer);
  return config;
}

// The parts of a model that are not looked at are as small as they can be.
Model ModelOf(const LayerConfig& layer, WeightMaker& maker) {
  Model model;
  model.config = OneLayer(layer);
  model.weights.token_embedding = maker.Matrix(16, kHidden, "embedding");
  model.weights.output_norm.assign(kHidden, 1.0f);
  LayerWeights& w = model.weights.layers.emplace_back();
  w.attention_norm.assign(kHidden, 1.0f);
  w.ffn_norm.assign(kHidden, 1.0f);
  if (layer.latent.rank == 0) {
    w.query = maker.Matrix(16, kHidden, "q");
    w.key = maker.Matrix(16, kHidden, "k");
    w.value = maker.Matrix(16, kHidden, "v");
    w.attention_output = maker.Floats(kHidden, 16, "o");
  } else {
    w.query_down = maker.Matrix(kQueryRank, kHidden, "q_a");
    w.query_down_norm.assign(kQueryRank, 1.0f);
    w.query_up = maker.Matrix(kHeads * (kNopeDim + kRopeDim), kQueryRank, "q_b");
    w.latent_down = maker.Matrix(kRank + kRopeDim, kHidden, "kv_a");
    w.latent_norm.assign(kRank, 1.0f);
    w.latent_keys = maker.Matrices(kHeads, kRank, kNopeDim, "k_b");
    w.latent_values = maker.Matrices(kHeads, kValueDim, kRank, "v_b");
    w.attention_output = maker.Matrix(kHidden, kHeads * kValueDim, "o");
  }
  if (layer.experts.count == 0) {
    w.ffn_gate = maker.Matrix(32, kHidden, "gate");
    w.ffn_up = maker.Matrix(32, kHidden, "up");
    w.ffn_down = maker.Matrix(kHidden, 32, "down");
  } else {
    w.router = maker.Floats(kExperts, kHidden, "router");
    w.router_correction.assign(kExperts, 0.0f);
    w.expert_gate = maker.Matrices(kExperts, kExpertDim, kHidden, "gate");
    w.expert_up = maker.Matrices(kExperts, kExpertDim, kHidden, "up");
    w.expert_down = maker.Matrices(kExperts, kHidden, kExpertDim, "down");
    w.shared_gate = maker.Matrix(kExpertDim, kHidden, "shared gate");
    w.shared_up = maker.Matrix(kExpertDim, kHidden, "shared up");
    w.shared_down = maker.Matrix(kHidden, kExpertDim, "shared down");
  }
  return model;
}

LayerConfig AttentionLayer() {
  LayerConfig layer = PlainLayer();
  layer.heads = kHeads;
  layer.latent = {
      .rank = kRank, .query_rank = kQueryRank, .nope_dim = kNopeDim, .rope_dim = kRopeDim, .value_dim = kValueDim};
  layer.head_dim = kRank + kRopeDim;
  layer.value_dim = kRank;
  layer.attention_scale = 0.1f;
  layer.rope = 0;
  return layer;
}

LayerConfig ExpertsLayer() {
  LayerConfig layer = PlainLayer();
  layer.experts = {.count = kExperts, .used = kUsed, .ffn_dim = kExpertDim, .shared_ffn_dim = kExpertDim};
  layer.experts.score = RouterScore::kSigmoid;
  layer.experts.correction = true;
  layer.experts.weight_scale = 2.5f;
  layer.experts.groups = kGroups;
  layer.experts.groups_used = kGroupsUsed;
  return layer;
}

// A half of the layer, with a cache that is filled as far as the context goes.
class LayerPart {
 public:
  LayerPart(const Model& model, const Options& options, const KernelTable& kernels, ThreadPool& pool)
      : model_(model),
        options_(options),
        layout_(model.config, KvType::kF16),
        decoder_(model, layout_, kernels, pool, {.max_rows = options.prompt}) {
    const uint32_t pages = (options.context + options.prompt + 512) / kPagePositions + 1;
    kv_.pages.resize(layout_.groups().size());
    for (size_t g = 0; g < layout_.groups().size(); ++g) {
      for (uint32_t i = 0; i < pages; ++i) {
        kv_.pages[g].push_back(buffers_.emplace_back(layout_.groups()[g].page_bytes).data());
      }
    }
    for (uint32_t position = 0; position < options.context; position += options.prompt) {
      Seconds(position, std::min(options.prompt, options.context - position));
    }
  }

  // How long `count` tokens behind the context take.
  double Seconds(uint32_t count) { return Seconds(options_.context, count); }

  // What a token reads: weights and cache.
  double BytesPerToken() const {
    return static_cast<double>(WeightBytesPerToken(model_.config, model_.weights)) -
           static_cast<double>(model_.weights.head().bytes()) +
           static_cast<double>(layout_.BytesPerToken()) * options_.context;
  }
  // The operations of a prompt's products with weights, and of its attention.
  double WeightOperations() const {
    double values = 0;
    for (const PackedMatrix* matrix : MatricesPerToken(model_.config.layers[0], model_.weights.layers[0])) {
      values += static_cast<double>(matrix->rows()) * matrix->cols();
    }
    return 2 * values * options_.prompt;
  }
  double AttentionOperations() const {
    const LayerConfig& c = model_.config.layers[0];
    const double positions = options_.context + options_.prompt / 2.0;
    return 2.0 * c.heads * (c.head_dim + c.value_dim) * positions * options_.prompt;
  }

 private:
  // Random tokens: each chooses other experts.
  double Seconds(uint32_t position, uint32_t count) {
    Batch batch;
    std::normal_distribution<float> normal;
    batch.embeddings.resize(size_t{count} * kHidden);
    for (float& value : batch.embeddings) value = normal(engine_);
    batch.sequences = {{&kv_, position, count}};
    batch.wanted.assign(count, WantedOutput::kHidden);
    const auto start = Clock::now();
    decoder_.Run(batch, result_);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  const Model& model_;
  const Options& options_;
  KvLayout layout_;
  Decoder decoder_;
  std::vector<HugeBuffer> buffers_;
  KvPages kv_;
  BatchResult result_;
  std::mt19937 engine_{11};
};

// The repetitions of one part or of both: seconds, and what was reached of the limit.
class Series {
 public:
  // `work`: bytes or operations done in `seconds`; `limit`: those a second that the machine gives.
  void Add(double seconds, double work, double limit) {
    seconds_.push_back(seconds);
    limits_.push_back(limit);
    shares_.push_back(work / seconds / limit);
  }
  double seconds() const { return Median(seconds_); }
  double limit() const { return Median(limits_); }
  double percent() const { return 100 * Median(shares_); }

 private:
  std::vector<double> seconds_, limits_, shares_;
};

struct Half {
  const char* name;
  LayerPart part;
};

void Decode(std::span<Half> halves, const Options& options, PeakMeter& meter) {
  constexpr int kTokens = 5;
  std::vector<Series> series(halves.size() + 1);
  double all_bytes = 0;
  for (const Half& half : halves) all_bytes += half.part.BytesPerToken();
  for (int i = 0; i < options.repetitions; ++i) {
    double before = meter.Sample().read_gbps;
    double all_seconds = 0, all_limits = 0;
    for (size_t h = 0; h < halves.size(); ++h) {
      std::vector<double> seconds;
      for (int token = 0; token < kTokens; ++token) seconds.push_back(halves[h].part.Seconds(1));
      const double after = meter.Sample().read_gbps;
      const double limit = (before + after) / 2 * 1e9;
      series[h].Add(Median(seconds), halves[h].part.BytesPerToken(), limit);
      all_seconds += Median(seconds);
      all_limits += limit;
      before = after;
    }
    series.back().Add(all_seconds, all_bytes, all_limits / static_cast<double>(halves.size()));
  }
  for (size_t h = 0; h < series.size(); ++h) {
    const bool whole = h == halves.size();
    const double bytes = whole ? all_bytes : halves[h].part.BytesPerToken();
    const double seconds = series[h].seconds();
    std::printf("%-10s decode  %8.3f ms  %7.1f tokens/s  %7.1f MB a token  %6.1f GB/s, %3.0f%% of %.1f\n",
                whole ? "layer" : halves[h].name, seconds * 1e3, 1 / seconds, bytes / 1e6, bytes / seconds / 1e9,
                series[h].percent(), series[h].limit() / 1e9);
  }
  std::fflush(stdout);
}

// A chunk of the prompt behind the context.
void Prefill(std::span<Half> halves, const Options& options, PeakMeter& meter) {
  for (Half& half : halves) {
    Series series;
    double before = meter.Sample().int8_gops;
    for (int i = 0; i < std::max(3, options.repetitions / 3); ++i) {
      const double seconds = half.part.Seconds(options.prompt);
      const double after = meter.Sample().int8_gops;
      series.Add(seconds, half.part.WeightOperations(), (before + after) / 2 * 1e9);
      before = after;
    }
    const double seconds = series.seconds();
    std::printf(
        "%-10s prefill %8.1f ms  %7.1f tokens/s  %7.1f Gop/s with weights, %3.0f%% of %.0f; %.1f GFLOP/s of "
        "attention\n",
        half.name, seconds * 1e3, options.prompt / seconds, half.part.WeightOperations() / seconds / 1e9,
        series.percent(), series.limit() / 1e9, half.part.AttentionOperations() / seconds / 1e9);
    std::fflush(stdout);
  }
}

int Main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const int value = std::atoi(argv[i + 1]);
    const std::string flag = argv[i];
    if (value < 1) return 2;
    if (flag == "--threads") {
      options.threads = value;
    } else if (flag == "--context") {
      options.context = static_cast<uint32_t>(value);
    } else if (flag == "--prompt") {
      options.prompt = static_cast<uint32_t>(value);
    } else if (flag == "--repetitions") {
      options.repetitions = value;
    } else {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
  }
  ThreadPool pool(options.threads);
  const KernelTable& kernels = *AvailableKernels()[0];
  PeakMeter meter(kernels, pool);
  WeightMaker maker(pool);
  std::printf("one layer of DeepSeek R1, %d threads, %s, context %u, prompt %u\n", options.threads, kernels.name,
              options.context, options.prompt);
  const Model attention = ModelOf(AttentionLayer(), maker), experts = ModelOf(ExpertsLayer(), maker);
  std::array<Half, 2> halves = {{{"attention", LayerPart(attention, options, kernels, pool)},
                                 {"experts", LayerPart(experts, options, kernels, pool)}}};
  Decode(halves, options, meter);
  Prefill(halves, options, meter);
  return 0;
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) { return candor::Main(argc, argv); }
