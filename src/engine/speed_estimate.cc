#include "engine/speed_estimate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/check.h"

namespace candor {
namespace {

// Shares of the machine's limits that products with weights of a type reach: docs/models.md, "How the figures are
// made".
struct Shares {
  double read;       // of the bandwidth, by one token
  double one_token;  // of the int8 peak, or of the float32 peak for types that take float inputs
  double tokens;     // the same with more tokens
};

Shares SharesOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
    case TensorType::kIQ4_NL:
    case TensorType::kQ5_0:
    case TensorType::kQ8_0:
      return {0.88, 0.22, 0.74};
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
      return {0.92, 0.21, 0.70};
    case TensorType::kQ2_K:
    case TensorType::kQ3_K:
    case TensorType::kQ6_K:
      return {0.84, 0.18, 0.61};
    case TensorType::kMXFP4:
      return {0.88, 0.12, 0.74};
    case TensorType::kF8_E4M3:
      return {0.88, 0.18, 0.60};
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      return {0.95, 0.30, 0.60};
    default:  // Q4_K, Q5_K, IQ4_XS
      return {0.87, 0.20, 0.67};
  }
}

constexpr double kAttentionShare = 0.78;      // of the float32 peak
constexpr double kOperationsPerOutput = 150;  // float operations for each output of a product
constexpr double kSecondsPerLayer = 35e-6;    // the threads' meetings, and work that they do not share
constexpr double kPositionsPerTile = kPagePositions;

// Positions in the tiles that the token at `position` sees.
double TilePositions(uint32_t position, uint32_t window) {
  const uint32_t first = window == 0 || position < window ? 0 : position - window + 1;
  return kPositionsPerTile * (position / kPagePositions - first / kPagePositions + 1);
}

}  // namespace

double FloatPeak(double int8_gops, std::string_view isa) {
  if (isa.ends_with("vnni")) return int8_gops / 4;
  return isa == "scalar" ? int8_gops : int8_gops * 3 / 4;
}

Bound StepTime::bound() const {
  const double largest = std::max({memory, compute, attention, threads});
  if (largest == memory) return Bound::kMemory;
  if (largest == compute) return Bound::kCompute;
  return largest == attention ? Bound::kAttention : Bound::kThreads;
}

double AttentionOperations(const LayerConfig& layer, bool unfolded) {
  const LatentConfig& latent = layer.latent;
  const uint32_t widths = unfolded && latent.rank != 0 ? latent.nope_dim + latent.rope_dim + latent.value_dim
                                                       : layer.head_dim + layer.value_dim;
  return 2.0 * layer.heads * widths;
}

SpeedEstimate::SpeedEstimate(const ModelConfig& config, const Inventory& inventory, KvType kv,
                             std::optional<TensorType> quantize, const MachineSpeed& machine, bool exact)
    : config_(config), inventory_(inventory), kv_(kv), quantize_(quantize), machine_(machine), exact_(exact) {
  CHECK(machine.read_gbps > 0 && machine.int8_gops > 0 && machine.float_gflops > 0);
}

void SpeedEstimate::AddProducts(const WeightGroup& group, double matrices, double rows, StepTime& time) const {
  const TensorType type = TypeOf(group, quantize_);
  const Shares shares = SharesOf(type);
  const double outputs = matrices * rows * static_cast<double>(group.outputs);
  const double peak = 1e9 * (exact_ || TakesFloatActivations(type) ? machine_.float_gflops : machine_.int8_gops);
  const double share = rows <= 1 ? shares.one_token : shares.tokens;
  const double compute = 2 * outputs * static_cast<double>(group.inputs) / (peak * share);
  const double bytes = matrices * static_cast<double>(BytesOfOne(group, quantize_));
  const double memory = bytes / (1e9 * machine_.read_gbps * shares.read);
  (memory > compute ? time.memory : time.compute) += std::max(memory, compute);
  time.compute += outputs * kOperationsPerOutput / (1e9 * machine_.float_gflops);
}

// Of `tokens` tokens from position `first` on.
double SpeedEstimate::AttentionSeconds(const LayerConfig& layer, uint32_t first, uint32_t tokens, bool unfolded) const {
  double positions = 0;
  for (uint32_t i = 0; i < tokens; ++i) positions += TilePositions(first + i, layer.window);
  const double compute =
      positions * AttentionOperations(layer, unfolded) / (1e9 * machine_.float_gflops * kAttentionShare);
  const bool latent = layer.latent.rank != 0;
  const double page = layer.kv_heads * static_cast<double>(KeyPageBytes(layer.head_dim, kv_) +
                                                           (latent ? 0 : ValuePageBytes(layer.value_dim, kv_)));
  const double bytes = TilePositions(first + tokens - 1, layer.window) / kPagePositions * page;
  return std::max(compute, bytes / (1e9 * machine_.read_gbps));
}

StepTime SpeedEstimate::Decode(uint32_t position) const {
  StepTime time;
  for (const WeightGroup& group : inventory_.groups) {
    if (group.inputs != 0 && group.used > 0) AddProducts(group, group.used, 1, time);
  }
  for (const LayerConfig& layer : config_.layers) time.attention += AttentionSeconds(layer, position, 1, false);
  time.threads = kSecondsPerLayer * static_cast<double>(config_.layers.size());
  return time;
}

// What a prefill's tokens meet: all of one that every token is multiplied with, of experts those that any goes to.
StepTime SpeedEstimate::ChunkTime(uint32_t rows) const {
  StepTime time;
  for (const WeightGroup& group : inventory_.groups) {
    if (group.inputs == 0 || group.used == 0 || IsForTheLastTokenAlone(group)) continue;
    // A matrix that a token uses with probability p is used by any of n tokens with 1 - (1 - p)^n.
    const double used = group.count * (1 - std::pow(1 - group.used / group.count, rows));
    AddProducts(group, used, rows * group.used / used, time);
  }
  time.threads = kSecondsPerLayer * static_cast<double>(config_.layers.size());
  return time;
}

bool SpeedEstimate::IsForTheLastTokenAlone(const WeightGroup& group) const {
  return group.use == WeightUse::kHead ||
         (group.layer + 1 == config_.layers.size() && group.use != WeightUse::kKeyValue);
}

StepTime SpeedEstimate::PrefillWithAttention(uint32_t tokens, uint32_t chunk, bool unfolded) const {
  CHECK(tokens > 0 && chunk > 0);
  StepTime time;
  const auto add = [&time](const StepTime& other, double times) {
    time.memory += times * other.memory;
    time.compute += times * other.compute;
    time.threads += times * other.threads;
  };
  if (tokens >= chunk) add(ChunkTime(chunk), tokens / chunk);
  if (tokens % chunk != 0) add(ChunkTime(tokens % chunk), 1);
  for (const WeightGroup& group : inventory_.groups) {
    if (group.inputs != 0 && group.used > 0 && IsForTheLastTokenAlone(group)) AddProducts(group, group.used, 1, time);
  }
  // Most layers are alike.
  std::map<std::tuple<uint32_t, double>, double> known;
  const size_t last = config_.layers.size() - 1;
  for (size_t i = 0; i < last; ++i) {
    const LayerConfig& layer = config_.layers[i];
    const auto [at, added] = known.try_emplace({layer.window, AttentionOperations(layer, unfolded)}, 0);
    if (added) at->second = AttentionSeconds(layer, 0, tokens, unfolded);
    time.attention += at->second;
  }
  time.attention += AttentionSeconds(config_.layers[last], tokens - 1, 1, unfolded);
  return time;
}

StepTime SpeedEstimate::Prefill(uint32_t tokens, uint32_t chunk) const {
  return PrefillWithAttention(tokens, chunk, false);
}

StepTime SpeedEstimate::UnfoldedPrefill(uint32_t tokens, uint32_t chunk) const {
  return PrefillWithAttention(tokens, chunk, true);
}

}  // namespace candor
