// The decoder's state and the steps of a layer, which its files share: decoder.cc (embedding, residual stream, head),
// decoder_attention.cc, decoder_latent.cc, decoder_ffn.cc and decoder_experts.cc.
//
// Goal: one transformer step that reads top to bottom, in which every thread walks the same path and meets the others
// at barriers. Rejected: a graph of operations that a scheduler runs (a barrier is all that an operation needs here),
// and a function per operation that forks and joins threads (a join costs more than a small model's norm).
//
// A barrier costs as much as the norm of a few rows. So a batch of few rows is "replicated": every thread computes the
// residual stream, the norms and the inputs of the products for itself, and only products and attention are shared out.
#ifndef CANDOR_MODEL_DECODER_IMPL_H_
#define CANDOR_MODEL_DECODER_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/huge_buffer.h"
#include "model/batch_rows.h"
#include "model/decoder.h"
#include "model/linear.h"
#include "model/rope_table.h"
#include "model/router.h"

namespace candor {

// Rows of float32, each a whole number of panels long. Memory is taken as rows are first used.
class Rows {
 public:
  Rows(size_t rows, size_t columns) : stride_(OutputStride(columns)), data_(rows * stride_ * sizeof(float)) {}
  float* operator[](size_t row) { return reinterpret_cast<float*>(data_.data()) + row * stride_; }
  size_t stride() const { return stride_; }

 private:
  size_t stride_;
  HugeBuffer data_;
};

// Biases as long as their matrices' panels; null when the model has none. Of many matrices they follow each other.
class PaddedBias {
 public:
  PaddedBias(const std::vector<float>& bias, size_t outputs, size_t matrices = 1);
  const float* get(size_t matrix = 0) const { return values_.empty() ? nullptr : values_.data() + matrix * stride_; }

 private:
  size_t stride_;
  std::vector<float> values_;
};

// One layer with what follows from its weights.
struct DecoderLayer {
  DecoderLayer(const LayerConfig& layer_config, const LayerWeights& weights, uint32_t hidden, bool exact);

  const LayerConfig& config;
  const LayerWeights& w;
  PaddedBias query_bias, key_bias, value_bias, output_bias, gate_bias, up_bias, down_bias;
  PaddedBias router_bias, expert_gate_bias, expert_up_bias, expert_down_bias;
  InputKinds attention_in, attention_out, ffn_in, ffn_out;
  InputKinds query_up_in, head_keys_in, head_values_in;  // latent attention
  InputKinds experts_in, experts_out;
};

// Batches of up to so many rows are replicated.
inline constexpr uint32_t kReplicatedRows = 8;

// What passes between the blocks: of all threads, or of one when the batch is replicated.
struct Stream {
  Stream(const KernelTable& kernels, uint32_t rows, uint32_t hidden, size_t query_rank, size_t widest)
      : residual(rows, hidden),
        normed(rows, hidden),
        query_latent(rows, query_rank),
        activations(kernels, rows, widest) {}
  Rows residual, normed;
  Rows query_latent;  // normed; latent attention's
  Activations activations;
};

// Rows that pass one gated network, or one without a gate: all of a batch, or those of one expert.
struct FfnGroup {
  const PackedMatrix* gate;  // null without one
  const PackedMatrix* up;
  const PackedMatrix* down;
  const float *gate_bias, *up_bias, *down_bias;
  const InputKinds *in_kinds, *out_kinds;
  const Activations* in;
  size_t first_in;  // the group's first row in `in`
  Activations* between;
  size_t first_between;
  float *gate_out, *up_out;  // [rows][stride]
  size_t stride;
  float* out;  // [rows][out_stride]
  size_t out_stride;
  int rows;
};

// Which experts the rows of a batch go to, and the rows by expert. Every thread makes its own from the same choices.
struct ExpertPlan {
  RouterRoom room;
  std::vector<size_t> first;   // by expert, and one behind the last: its first place
  std::vector<uint32_t> rows;  // by place: the row that stands there
  std::vector<size_t> places;  // [rows][used]: where a row's experts have it
  std::vector<size_t> next;    // by expert: its next place, while places are given
  std::vector<FfnGroup> groups;
  std::vector<ProductParts> parts;  // of the groups, in turn for both products
};

struct Decoder::Impl {
  Impl(const Model& model_, const KvLayout& layout_, const KernelTable& kernels_, ThreadPool& pool_,
       const DecoderOptions& options_);

  const Model& model;
  const ModelConfig& config;
  const KvLayout& layout;
  const KernelTable& kernels;
  ThreadPool& pool;
  const DecoderOptions options;

  std::vector<DecoderLayer> layers;
  std::vector<RopeTable> ropes;
  std::vector<HugeBuffer> scratch;  // one a thread, for attention
  InputKinds head_in;

  // The state of one batch: what all threads read and write.
  std::optional<Stream> shared;
  std::vector<Stream> own;  // one a thread, when the batch is replicated
  Rows added, query, key, value, attended, gate, up;
  Activations ffn_activations;
  PaddedBias output_bias;
  // Latent attention: queries' latents, queries and outputs of heads; one a thread: inputs of a head's products.
  Rows query_latent, head_query, head_out;
  std::vector<Activations> head_inputs;
  // Experts: the router's logits and choices, rows by expert, what experts add.
  Rows router_logits, expert_out, shared_gate, shared_up, shared_out;
  Activations expert_inputs, shared_activations;
  std::vector<uint32_t> chosen;               // [rows][used]
  std::vector<float> chosen_weights;          // [rows][used]
  std::vector<ExpertPlan> plans;              // one a thread
  std::vector<Rows> tile_rows;                // one a thread: the rows of an activation tile
  BatchRows all, wanted;                      // the last layer goes on with the wanted rows alone
  std::vector<uint32_t> logit_rows;           // of `wanted`: those that want logits
  std::vector<float> padded_logits;           // when the vocabulary is not a whole number of panels
  std::vector<std::vector<uint32_t>> broken;  // by thread: sequences of which it stored what is not finite
  const Batch* batch = nullptr;
  BatchResult* result = nullptr;

  void Prepare(const Batch& next, BatchResult& out);
  void Step(Worker& worker);
  void Embed(Worker& worker);
  void EmbedRow(size_t row, std::span<float> x) const;
  void KeepWanted(Worker& worker);
  void Head(Worker& worker);

  // Queries, keys and values of layer `index`, rotated; keys and values go to their pages.
  enum class Inputs { kAll, kKeysAndValues, kQueries };
  void Project(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  void AttentionBlock(Worker& worker, uint32_t index, const BatchRows& rows);
  void NormWholeRows(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  void RotateAndStore(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  void Rotate(uint32_t index, const BatchRows& rows, size_t row, float* head) const;
  bool StoreKeyValue(uint32_t index, const BatchRows& rows, size_t row, uint32_t kv_head);

  void ProjectLatent(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  void StoreLatents(Worker& worker, uint32_t index, const BatchRows& rows);
  void FoldQueries(Worker& worker, uint32_t index, const BatchRows& rows);
  void UnfoldValues(Worker& worker, uint32_t index, const BatchRows& rows);

  void FfnBlock(Worker& worker, uint32_t index, const BatchRows& rows);
  void RunGroups(Worker& worker, const LayerConfig& layer, ExpertPlan& plan);
  void Activate(const LayerConfig& layer, const FfnGroup& group, const ProductPart& part);

  void ExpertsBlock(Worker& worker, uint32_t index, const BatchRows& rows);
  void ChooseExperts(Worker& worker, uint32_t index, const BatchRows& rows);
  void PlanExperts(Worker& worker, uint32_t index, const BatchRows& rows);
  void GatherInputs(Worker& worker, uint32_t index, const BatchRows& rows);
  void AddExperts(Worker& worker, uint32_t index, const BatchRows& rows);

  static bool Replicated(const BatchRows& rows) { return rows.source.size() <= kReplicatedRows; }
  Stream& StreamOf(const Worker& worker, const BatchRows& rows) {
    return Replicated(rows) ? own[static_cast<size_t>(worker.rank())] : *shared;
  }

  // Calls `use(first row, rows)` for the activation tiles of `count` rows.
  template <class Use>
  void ForTiles(int count, Use use) const {
    for (int row = 0; row < count;) {
      const int size = TileTokens(count - row, kernels.max_tile);
      use(row, size);
      row += size;
    }
  }
  // The same for what a stream needs: all tiles when it is the thread's own, else the thread's share of them, and all
  // tiles are done on return.
  template <class Use>
  void ForStreamTiles(Worker& worker, bool replicated, int count, Use use) const {
    if (replicated) return ForTiles(count, use);
    int tiles = 0;
    ForTiles(count, [&](int, int) { ++tiles; });
    const Range share = worker.Share(static_cast<size_t>(tiles));
    size_t tile = 0;
    ForTiles(count, [&](int row, int size) {
      if (tile >= share.begin && tile < share.end) use(row, size);
      ++tile;
    });
    worker.Barrier();
  }

  void RmsNorm(const float* x, const std::vector<float>& weight, float* out) const {
    kernels.rms_norm(x, weight.data(), static_cast<int>(weight.size()), config.norm_epsilon, out);
  }
  // The model's norm of `hidden` values; a copy where a layer has none before its block.
  void Norm(const float* x, const std::vector<float>& weight, const std::vector<float>& bias, float* out) const;

  // Adds row `row` of what a block computed to the residual stream; `room` takes `hidden` floats on the way.
  void Add(Stream& stream, size_t row, const std::vector<float>& post_norm, float* room);
  // What a block adds to the residual stream, then the norm before the next block, then that block's inputs.
  void AddAndNorm(Worker& worker, const BatchRows& rows, const std::vector<float>& post_norm,
                  const std::vector<float>& next_norm, const std::vector<float>& next_bias, const InputKinds& kinds);
};

// Widths of a layer's rows.
inline size_t QueryWidth(const LayerConfig& c) { return size_t{c.heads} * c.head_dim; }
inline size_t KeyWidth(const LayerConfig& c) { return size_t{c.kv_heads} * c.head_dim; }
inline size_t ValueWidth(const LayerConfig& c) { return size_t{c.kv_heads} * c.value_dim; }
inline size_t AttendedWidth(const LayerConfig& c) { return size_t{c.heads} * c.value_dim; }
// What the output projection takes.
inline size_t HeadsOutWidth(const LayerConfig& c) {
  return c.latent.rank != 0 ? size_t{c.heads} * c.latent.value_dim : AttendedWidth(c);
}
inline uint32_t HeadQueryDim(const LayerConfig& c) { return c.latent.nope_dim + c.latent.rope_dim; }

}  // namespace candor

#endif  // CANDOR_MODEL_DECODER_IMPL_H_
