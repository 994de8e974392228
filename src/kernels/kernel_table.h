// The kernels of one instruction set: a table of function pointers. docs/numerics.md defines what each computes; all
// tables give the same bits.
//
// Everything here is plain data and raw pointers, because each table is compiled with its own instruction-set flags:
// no inline code of a library may be shared with the rest of the program. Callers check arguments; kernels do not.
// Rows of floats that a kernel reads or writes need no alignment. Kernels are called with MXCSR = 0x1F80.
#ifndef CANDOR_KERNELS_KERNEL_TABLE_H_
#define CANDOR_KERNELS_KERNEL_TABLE_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/kv_page.h"
#include "kernels/tensor_type.h"

namespace candor {

// How the inputs of a product with weights are held.
//   kInt8   blocks of 32: 8-bit integers and a scale
//   kInt15  the same with 15 bits: for the output head
//   kFloat  float32: for float weights (TakesFloatActivations), and for every type when exact arithmetic is asked for
enum class ActivationKind : uint8_t { kInt8, kInt15, kFloat };

// Quantised or float activations of several tokens lie token tile by token tile. A tile holds `max_tile` tokens; what
// is left over goes into tiles of the powers of two below. Token t's tile begins at t0 * ActivationBytes(kind, k),
// where t0 is the tile's first token.
//   integer kinds, per block of 32 columns: [token] 32 integers, [token] f32 scale sx, [token] f32 sx * sum, and
//                  [token] int32 each the negated sums of columns 0-15, 16-31 and 0-31. The integers are int8; of
//                  kInt15 two planes of int8, high and low, or where kernels multiply int16, those (see matmul.h)
//   kFloat         [column][token] f32
constexpr size_t ActivationBytes(ActivationKind kind, size_t k) {
  if (kind == ActivationKind::kFloat) return k * 4;
  return (k + 31) / 32 * (kind == ActivationKind::kInt8 ? 52 : 84);
}

// The first tile of `tokens` remaining tokens.
constexpr int TileTokens(int tokens, int max_tile) {
  int tile = max_tile;
  while (tile > tokens) tile /= 2;
  return tile;
}
constexpr int TileCount(int tokens, int max_tile) {
  return tokens / max_tile + __builtin_popcount(static_cast<unsigned>(tokens % max_tile));
}

// A view of a PackedMatrix.
struct WeightView {
  TensorType type;
  uint32_t rows;
  uint32_t cols;
  const std::byte* data;
  size_t panel_bytes;
};

struct MatmulArgs {
  WeightView weights;
  ActivationKind kind;           // kFloat for float weights
  const std::byte* activations;  // of all tokens
  int tokens;
  uint32_t panel_begin;  // panels of 16 outputs to compute: [begin, end)
  uint32_t panel_end;
  const float* bias;  // [16 * panels], or null
  float* out;         // [tokens][out_stride]; outputs of a padded last panel are written too
  size_t out_stride;  // floats, at least 16 * panels
};

// Attention of up to kMaxAttentionRows query rows that share keys and values. Rows are ordered by position.
inline constexpr int kMaxAttentionRows = 64;
struct AttentionArgs {
  int rows;
  const float* const* query;      // [rows] -> [head_dim]
  float* const* out;              // [rows] -> [value_dim]
  const uint32_t* position;       // [rows]; a row sees positions position - window + 1 (or 0) to position
  uint32_t window;                // 0 = no window
  const std::byte* const* pages;  // by position / 64, as far as a row sees; null where none does
  size_t keys, values;            // where this head's begin in a page (kernels/kv_page.h)
  int head_dim;
  int value_dim;
  KvType type;
  float scale;
  float softcap;   // 0 = none
  float* scratch;  // AttentionScratchFloats(head_dim, value_dim) floats, aligned to 64 bytes
  // [rows]: a logit for each row that takes part in its softmax and has no value; or null.
  const float* sinks = nullptr;
  // The values are the keys' first value_dim dimensions: pages hold keys only, and `values` is not used.
  bool values_in_keys = false;
};
constexpr size_t AttentionScratchFloats(size_t head_dim, size_t value_dim) {
  return 64 * (head_dim + value_dim + 32) + kMaxAttentionRows * (64 + 2 * (value_dim + 16) + 32);
}

struct KernelTable {
  const char* name;  // "avx512-vnni"
  int max_tile;      // tokens in a full activation tile, a power of two

  // One tile of `tokens` rows of k floats, `stride` floats apart, to activations at `out`.
  void (*make_activations)(ActivationKind kind, const float* x, size_t stride, int tokens, int k, std::byte* out);
  void (*matmul)(const MatmulArgs& args);

  // out = x / sqrt(mean(x^2) + epsilon) * weight; out may be x.
  void (*rms_norm)(const float* x, const float* weight, int n, float epsilon, float* out);
  // out = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * weight + bias; bias may be null; out may be x.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, int n, float epsilon, float* out);
  // Rotates pairs of one head by angles with the given cosines and sines [dims / 2]; values from dims on stay.
  void (*rope)(float* head, const float* cosines, const float* sines, int dims, bool interleaved);
  void (*attention)(const AttentionArgs& args);
  // out = activation(gate) * up; out may be either.
  void (*silu_multiply)(const float* gate, const float* up, int n, float* out);
  void (*gelu_multiply)(const float* gate, const float* up, int n, float* out);
  // out = g / (1 + exp(-alpha * g)) * (u + 1), where g is `gate` limited above to `limit` and u is `up` limited to
  // [-limit, limit]; what is not a number stays so. out may be either.
  void (*clamped_silu_multiply)(const float* gate, const float* up, int n, float alpha, float limit, float* out);
  void (*gelu)(const float* x, int n, float* out);                    // out = GELU(x), tanh form; out may be x
  void (*add)(float* x, const float* y, int n);                       // x += y
  void (*add_scaled)(float* x, const float* y, float factor, int n);  // x = fma(factor, y, x)
  void (*scale)(float* x, float factor, int n);                       // x *= factor
  void (*softcap)(float* x, float cap, int n);                        // x = cap * tanh(x / cap)
  // One position's key or value of one head to its slot (position % 64) of a page's part for that head. False when a
  // float is infinite or NaN: what the page holds of it means nothing then.
  bool (*store_key)(const float* key, int head_dim, KvType type, std::byte* page, int slot);
  bool (*store_value)(const float* value, int value_dim, KvType type, std::byte* page, int slot);
  // The exact sum of the weights of n <= 2^20 logits when a token is drawn (docs/numerics-sampling.md, step 5). None is
  // above `largest`; every logit with a weight is at least `cut`.
  double (*sum_of_weights)(const float* logits, size_t n, float largest, double temperature, float cut);
  // The sum of e^(logit - largest) of n finite logits, none of which is above `largest`, in 16 lanes and their tree
  // (docs/numerics-sampling.md, "Log-probabilities").
  double (*sum_of_exponentials)(const float* logits, size_t n, float largest);

  // For kernels/peaks.h. int8 dot products as fast as they go; the number of operations done (multiply and add: two).
  uint64_t (*dot_burst)(uint64_t rounds);
  // Reads `bytes` (a multiple of 256) in order.
  void (*read_burst)(const void* data, size_t bytes);
};

// The tables this program was built with that this machine can run, best first. "scalar" is always the last.
// The result is null-terminated. Before one computes an answer, GivesKnownAnswers() of kernels/probe.h has to hold.
const KernelTable* const* AvailableKernels();
// By name; null when the name is unknown or the machine cannot run it.
const KernelTable* FindKernels(const char* name);

}  // namespace candor

#endif  // CANDOR_KERNELS_KERNEL_TABLE_H_
