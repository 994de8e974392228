// Goal: one transformer step that reads top to bottom, in which every thread walks the same path and meets the others
// at barriers. Rejected: a graph of operations that a scheduler runs (a barrier is all that an operation needs here),
// and a function per operation that forks and joins threads (a join costs more than a small model's norm).
//
// A barrier costs as much as the norm of a few rows. So a batch of few rows is "replicated": every thread computes the
// residual stream, the norms and the inputs of the products for itself, and only products and attention are shared out.
#include "model/decoder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "base/huge_buffer.h"
#include "model/attention.h"
#include "model/batch_rows.h"
#include "model/linear.h"
#include "model/rope_table.h"

namespace candor {
namespace {

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

// A bias as long as its matrix's panels; null when the model has none.
class PaddedBias {
 public:
  PaddedBias(const std::vector<float>& bias, const PackedMatrix& weights) : values_(bias) {
    if (!values_.empty()) values_.resize(OutputStride(weights.rows()));
  }
  const float* get() const { return values_.empty() ? nullptr : values_.data(); }

 private:
  std::vector<float> values_;
};

// One layer with what follows from its weights.
struct Layer {
  Layer(const LayerConfig& layer_config, const LayerWeights& weights, bool exact)
      : config(layer_config),
        w(weights),
        query_bias(w.query_bias, w.query),
        key_bias(w.key_bias, w.key),
        value_bias(w.value_bias, w.value),
        output_bias(w.attention_output_bias, w.attention_output),
        gate_bias(w.ffn_gate_bias, w.ffn_gate),
        up_bias(w.ffn_up_bias, w.ffn_up),
        down_bias(w.ffn_down_bias, w.ffn_down) {
    for (InputKinds* kinds : {&attention_in, &attention_out, &ffn_in, &ffn_out}) kinds->exact = exact;
    for (const PackedMatrix* matrix : {&w.query, &w.key, &w.value}) attention_in.Add(*matrix);
    attention_out.Add(w.attention_output);
    for (const PackedMatrix* matrix : {&w.ffn_gate, &w.ffn_up}) ffn_in.Add(*matrix);
    ffn_out.Add(w.ffn_down);
  }

  const LayerConfig& config;
  const LayerWeights& w;
  PaddedBias query_bias, key_bias, value_bias, output_bias, gate_bias, up_bias, down_bias;
  InputKinds attention_in, attention_out, ffn_in, ffn_out;
};

// Batches of up to so many rows are replicated.
constexpr uint32_t kReplicatedRows = 8;

// What passes between the blocks: of all threads, or of one when the batch is replicated.
struct Stream {
  Stream(const KernelTable& kernels, uint32_t rows, uint32_t hidden, size_t widest)
      : residual(rows, hidden), normed(rows, hidden), activations(kernels, rows, widest) {}
  Rows residual, normed;
  Activations activations;
};

size_t Widest(const ModelConfig& config, uint32_t (*of)(const LayerConfig&)) {
  uint32_t widest = 0;
  for (const LayerConfig& layer : config.layers) widest = std::max(widest, of(layer));
  return widest;
}
uint32_t QueryWidth(const LayerConfig& c) { return c.heads * c.head_dim; }
uint32_t KeyWidth(const LayerConfig& c) { return c.kv_heads * c.head_dim; }
uint32_t ValueWidth(const LayerConfig& c) { return c.kv_heads * c.value_dim; }
uint32_t AttentionWidth(const LayerConfig& c) { return c.heads * c.value_dim; }
uint32_t FfnWidth(const LayerConfig& c) { return c.ffn_dim; }

}  // namespace

struct Decoder::Impl {
  Impl(const Model& model_, const KvLayout& layout_, const KernelTable& kernels_, ThreadPool& pool_,
       const DecoderOptions& options_)
      : model(model_),
        config(model_.config),
        layout(layout_),
        kernels(kernels_),
        pool(pool_),
        options(options_),
        added(options_.max_rows, config.hidden),
        query(options_.max_rows, Widest(config, QueryWidth)),
        key(options_.max_rows, Widest(config, KeyWidth)),
        value(options_.max_rows, Widest(config, ValueWidth)),
        attended(options_.max_rows, Widest(config, AttentionWidth)),
        gate(options_.max_rows, Widest(config, FfnWidth)),
        up(options_.max_rows, Widest(config, FfnWidth)),
        ffn_activations(kernels_, options_.max_rows, Widest(config, FfnWidth)),
        output_bias(model_.weights.output_bias, model_.weights.head()) {
    for (size_t i = 0; i < config.layers.size(); ++i) {
      layers.emplace_back(config.layers[i], model.weights.layers[i], options.exact);
    }
    for (const RopeConfig& rope : config.ropes) ropes.emplace_back(rope);
    const size_t widest = std::max(size_t{config.hidden}, Widest(config, AttentionWidth));
    shared.emplace(kernels, options.max_rows, config.hidden, widest);
    for (int i = 0; i < pool.size(); ++i) {
      scratch.push_back(AttentionScratch(config));
      own.emplace_back(kernels, std::min(options.max_rows, kReplicatedRows), config.hidden, widest);
    }
    head_in.exact = options.exact;
    head_in.head = true;
    head_in.Add(model.weights.head());
  }

  const Model& model;
  const ModelConfig& config;
  const KvLayout& layout;
  const KernelTable& kernels;
  ThreadPool& pool;
  const DecoderOptions options;

  std::vector<Layer> layers;
  std::vector<RopeTable> ropes;
  std::vector<HugeBuffer> scratch;  // one a thread, for attention
  InputKinds head_in;

  // The state of one batch: what all threads read and write.
  std::optional<Stream> shared;
  std::vector<Stream> own;  // one a thread, when the batch is replicated
  Rows added, query, key, value, attended, gate, up;
  Activations ffn_activations;
  PaddedBias output_bias;
  BatchRows all, wanted;                      // the last layer goes on with the wanted rows alone
  std::vector<uint32_t> logit_rows;           // of `wanted`: those that want logits
  std::vector<float> padded_logits;           // when the vocabulary is not a whole number of panels
  std::vector<std::vector<uint32_t>> broken;  // by thread: sequences of which it stored what is not finite
  const Batch* batch = nullptr;
  BatchResult* result = nullptr;

  void Prepare(const Batch& next, BatchResult& out);
  void Step(Worker& worker);
  void Embed(Worker& worker);
  enum class Inputs { kAll, kKeysAndValues, kQueries };
  void Project(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  void RotateAndStore(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs);
  bool StoreKeyValue(uint32_t index, const BatchRows& rows, size_t row, uint32_t kv_head);
  void KeepWanted(Worker& worker);
  void AttentionBlock(Worker& worker, uint32_t index, const BatchRows& rows);
  void FfnBlock(Worker& worker, uint32_t index, const BatchRows& rows);
  void Head(Worker& worker);

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

  void Norm(const float* x, const std::vector<float>& weight, float* out) const {
    kernels.rms_norm(x, weight.data(), static_cast<int>(weight.size()), config.norm_epsilon, out);
  }

  // Adds row `row` of what a block computed to the residual stream; `room` takes `hidden` floats on the way.
  void Add(Stream& stream, size_t row, const std::vector<float>& post_norm, float* room);
  // What a block adds to the residual stream, then the norm before the next block, then that block's inputs.
  void AddAndNorm(Worker& worker, const BatchRows& rows, const std::vector<float>& post_norm,
                  const std::vector<float>& next_norm, const InputKinds& kinds);
};

void Decoder::Impl::Prepare(const Batch& next, BatchResult& out) {
  batch = &next;
  result = &out;
  const size_t rows = next.wanted.size();
  CHECK(rows > 0 && rows <= options.max_rows);
  CHECK(next.tokens.size() == rows || next.embeddings.size() == rows * config.hidden);
  std::vector<uint32_t> every, some;
  logit_rows.clear();
  size_t hidden_rows = 0;
  for (uint32_t row = 0; row < rows; ++row) {
    every.push_back(row);
    if (next.wanted[row] == WantedOutput::kNone) continue;
    if (next.wanted[row] == WantedOutput::kLogits) logit_rows.push_back(static_cast<uint32_t>(some.size()));
    if (next.wanted[row] == WantedOutput::kHidden) ++hidden_rows;
    some.push_back(row);
  }
  all.Assign(next, every);
  CHECK(all.position.size() == rows);
  wanted.Assign(next, some);
  out.logits.resize(logit_rows.size() * config.vocabulary);
  out.hidden.resize(hidden_rows * config.hidden);
  out.broken.assign(next.sequences.size(), false);
  broken.assign(static_cast<size_t>(pool.size()), {});
  if (config.vocabulary % 16 != 0) padded_logits.resize(logit_rows.size() * OutputStride(config.vocabulary));
  for (RopeTable& rope : ropes) rope.Resize(rows);
}

void Decoder::Impl::Step(Worker& worker) {
  Embed(worker);
  const auto last = static_cast<uint32_t>(layers.size() - 1);
  for (uint32_t i = 0; i < last; ++i) {
    Project(worker, i, all, Inputs::kAll);
    AttentionBlock(worker, i, all);
    FfnBlock(worker, i, all);
    const Layer& next = layers[i + 1];
    AddAndNorm(worker, all, layers[i].w.post_ffn_norm, next.w.attention_norm, next.attention_in);
  }
  // Every row leaves its keys and values; what follows is for the rows that want something.
  if (wanted.count() == all.count()) {
    Project(worker, last, wanted, Inputs::kAll);
  } else {
    Project(worker, last, all, Inputs::kKeysAndValues);
    if (wanted.count() == 0) return;
    KeepWanted(worker);
    Project(worker, last, wanted, Inputs::kQueries);
  }
  AttentionBlock(worker, last, wanted);
  FfnBlock(worker, last, wanted);
  Head(worker);
}

void Decoder::Impl::Embed(Worker& worker) {
  const Range share = worker.Share(all.source.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    for (RopeTable& rope : ropes) rope.Fill(row, all.position[row]);  // needed behind the first barrier only
  }
  Stream& stream = StreamOf(worker, all);
  ForStreamTiles(worker, Replicated(all), all.count(), [&](int first, int count) {
    for (int r = first; r < first + count; ++r) {
      const auto row = static_cast<size_t>(r);
      const std::span<float> x(stream.residual[row], config.hidden);
      if (batch->embeddings.empty()) {
        model.weights.token_embedding.UnpackRow(static_cast<uint32_t>(batch->tokens[row]), x);
        if (config.embedding_scale != 1.0f) kernels.scale(x.data(), config.embedding_scale, static_cast<int>(x.size()));
      } else {
        std::copy_n(batch->embeddings.begin() + static_cast<ptrdiff_t>(row * config.hidden), config.hidden, x.begin());
      }
      Norm(x.data(), layers[0].w.attention_norm, stream.normed[row]);
    }
    stream.activations.ConvertTile(layers[0].attention_in, stream.normed[0], stream.normed.stride(), config.hidden,
                                   first, count);
  });
}

void Decoder::Impl::Add(Stream& stream, size_t row, const std::vector<float>& post_norm, float* room) {
  const float* x = added[row];
  if (!post_norm.empty()) {
    Norm(x, post_norm, room);
    x = room;
  }
  kernels.add(stream.residual[row], x, static_cast<int>(config.hidden));
}

void Decoder::Impl::AddAndNorm(Worker& worker, const BatchRows& rows, const std::vector<float>& post_norm,
                               const std::vector<float>& next_norm, const InputKinds& kinds) {
  Stream& stream = StreamOf(worker, rows);
  ForStreamTiles(worker, Replicated(rows), rows.count(), [&](int first, int count) {
    for (int r = first; r < first + count; ++r) {
      const auto row = static_cast<size_t>(r);
      Add(stream, row, post_norm, stream.normed[row]);
      Norm(stream.residual[row], next_norm, stream.normed[row]);
    }
    stream.activations.ConvertTile(kinds, stream.normed[0], stream.normed.stride(), config.hidden, first, count);
  });
}

// Queries, keys and values of layer `index`, rotated; keys and values go to their pages.
void Decoder::Impl::Project(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const Layer& layer = layers[index];
  const std::array<Product, 3> products{{{&layer.w.query, layer.query_bias.get(), query[0], query.stride()},
                                         {&layer.w.key, layer.key_bias.get(), key[0], key.stride()},
                                         {&layer.w.value, layer.value_bias.get(), value[0], value.stride()}}};
  std::span<const Product> used = products;
  if (inputs == Inputs::kQueries) used = used.first(1);
  if (inputs == Inputs::kKeysAndValues) used = used.last(2);
  Multiply(kernels, worker, StreamOf(worker, rows).activations, layer.attention_in, rows.count(), used);
  worker.Barrier();
  RotateAndStore(worker, index, rows, inputs);
  worker.Barrier();
}

// Moves the wanted rows of the residual stream and of the last layer's inputs to the front.
void Decoder::Impl::KeepWanted(Worker& worker) {
  Stream& from = StreamOf(worker, all);
  Stream& to = StreamOf(worker, wanted);
  // A stream that all threads share is moved by one of them.
  if (Replicated(wanted) || worker.rank() == 0) {
    for (size_t row = 0; row < wanted.source.size(); ++row) {
      if (&from == &to && wanted.source[row] == row) continue;
      std::copy_n(from.residual[wanted.source[row]], config.hidden, to.residual[row]);
      std::copy_n(from.normed[wanted.source[row]], config.hidden, to.normed[row]);
    }
  }
  if (!Replicated(wanted)) worker.Barrier();
  ForStreamTiles(worker, Replicated(wanted), wanted.count(), [&](int first, int count) {
    to.activations.ConvertTile(layers.back().attention_in, to.normed[0], to.normed.stride(), config.hidden, first,
                               count);
  });
}

void Decoder::Impl::AttentionBlock(Worker& worker, uint32_t index, const BatchRows& rows) {
  const Layer& layer = layers[index];
  const LayerConfig& c = layer.config;
  Stream& stream = StreamOf(worker, rows);
  Attend(kernels, worker, rows.sequences, layout, c, index, query[0], query.stride(), attended[0], attended.stride(),
         reinterpret_cast<float*>(scratch[static_cast<size_t>(worker.rank())].data()));
  worker.Barrier();
  ForStreamTiles(worker, Replicated(rows), rows.count(), [&](int first, int count) {
    stream.activations.ConvertTile(layer.attention_out, attended[0], attended.stride(), AttentionWidth(c), first,
                                   count);
  });
  const std::array<Product, 1> output{{{&layer.w.attention_output, layer.output_bias.get(), added[0], added.stride()}}};
  Multiply(kernels, worker, stream.activations, layer.attention_out, rows.count(), output);
  worker.Barrier();
  AddAndNorm(worker, rows, layer.w.post_attention_norm, layer.w.ffn_norm, layer.ffn_in);
}

void Decoder::Impl::FfnBlock(Worker& worker, uint32_t index, const BatchRows& rows) {
  const Layer& layer = layers[index];
  Stream& stream = StreamOf(worker, rows);
  const Product gates{&layer.w.ffn_gate, layer.gate_bias.get(), gate[0], gate.stride()};
  const Product ups{&layer.w.ffn_up, layer.up_bias.get(), up[0], up.stride()};
  const size_t width = layer.config.ffn_dim;
  const auto activate = layer.config.activation == Activation::kSilu ? kernels.silu_multiply : kernels.gelu_multiply;
  // A part has the same units of gate and up, and goes on with them until their product is an input.
  const ProductParts parts(kernels, rows.count(), Units(layer.w.ffn_gate), layer.w.ffn_gate, layer.ffn_in);
  parts.ForEach(worker, [&](const ProductPart& part) {
    Multiply(kernels, part, stream.activations, layer.ffn_in, gates);
    Multiply(kernels, part, stream.activations, layer.ffn_in, ups);
    const Range columns{part.units.begin * kUnitOutputs, std::min(part.units.end * kUnitOutputs, width)};
    ForTiles(part.rows, [&](int offset, int count) {
      const int first = part.first_row + offset;
      for (int r = first; r < first + count; ++r) {
        float* x = gate[static_cast<size_t>(r)] + columns.begin;
        activate(x, up[static_cast<size_t>(r)] + columns.begin, static_cast<int>(columns.end - columns.begin), x);
      }
      ffn_activations.ConvertTile(layer.ffn_out, gate[0], gate.stride(), width, first, count, columns);
    });
  });
  worker.Barrier();
  const std::array<Product, 1> output{{{&layer.w.ffn_down, layer.down_bias.get(), added[0], added.stride()}}};
  Multiply(kernels, worker, ffn_activations, layer.ffn_out, rows.count(), output);
  worker.Barrier();
}

// Norms and rotates this thread's share of the heads, and stores it.
void Decoder::Impl::RotateAndStore(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const Layer& layer = layers[index];
  const LayerConfig& c = layer.config;
  const size_t first_head = inputs == Inputs::kKeysAndValues ? c.heads : 0;
  const size_t heads = (inputs == Inputs::kQueries ? c.heads : c.heads + c.kv_heads) - first_head;
  const Range share = worker.Share(rows.source.size() * heads);
  for (size_t i = share.begin; i < share.end; ++i) {
    const size_t row = i / heads;
    const size_t h = first_head + i % heads;
    const bool is_query = h < c.heads;
    float* head = is_query ? query[row] + h * c.head_dim : key[row] + (h - c.heads) * c.head_dim;
    const std::vector<float>& norm = is_query ? layer.w.query_norm : layer.w.key_norm;
    if (!norm.empty()) Norm(head, norm, head);
    if (c.rope >= 0) {
      const auto rope = static_cast<size_t>(c.rope);
      kernels.rope(head, ropes[rope].cosines(rows.source[row]), ropes[rope].sines(rows.source[row]),
                   static_cast<int>(config.ropes[rope].dims), config.ropes[rope].interleaved);
    }
    if (!is_query && !StoreKeyValue(index, rows, row, static_cast<uint32_t>(h - c.heads))) {
      broken[static_cast<size_t>(worker.rank())].push_back(rows.sequence[row]);
    }
  }
}

// False when a key or value is not finite.
bool Decoder::Impl::StoreKeyValue(uint32_t index, const BatchRows& rows, size_t row, uint32_t kv_head) {
  const LayerConfig& c = layers[index].config;
  const uint32_t position = rows.position[row];
  std::byte* page = rows.kv[row]->pages[layout.GroupOf(index)][position / kPagePositions];
  const auto slot = static_cast<int>(position % kPagePositions);
  const float* k = key[row] + size_t{kv_head} * c.head_dim;
  const float* v = value[row] + size_t{kv_head} * c.value_dim;
  const bool finite_key =
      kernels.store_key(k, static_cast<int>(c.head_dim), layout.type(), page + layout.KeyOffset(index, kv_head), slot);
  const bool finite_value = kernels.store_value(v, static_cast<int>(c.value_dim), layout.type(),
                                                page + layout.ValueOffset(index, kv_head), slot);
  return finite_key && finite_value;
}

void Decoder::Impl::Head(Worker& worker) {
  const ModelWeights& w = model.weights;
  Stream& stream = StreamOf(worker, wanted);
  // The last block's addition, and the norm; logit rows move to the front of `normed`, where the head's activations are
  // made from.
  const auto finish = [&](size_t row, float* out) {
    Add(stream, row, layers.back().w.post_ffn_norm, out);
    Norm(stream.residual[row], w.output_norm, out);
  };
  if (worker.rank() == 0) {
    size_t next = 0;
    for (size_t row = 0; row < wanted.source.size(); ++row) {
      if (batch->wanted[wanted.source[row]] != WantedOutput::kHidden) continue;
      finish(row, result->hidden.data() + config.hidden * next++);
    }
  }
  const int count = static_cast<int>(logit_rows.size());
  if (count == 0) return;
  ForStreamTiles(worker, Replicated(wanted), count, [&](int first, int tile) {
    for (int i = first; i < first + tile; ++i) {
      finish(logit_rows[static_cast<size_t>(i)], stream.normed[static_cast<size_t>(i)]);
    }
    stream.activations.ConvertTile(head_in, stream.normed[0], stream.normed.stride(), config.hidden, first, tile);
  });
  const bool padded = config.vocabulary % 16 != 0;
  float* out = padded ? padded_logits.data() : result->logits.data();
  const size_t stride = OutputStride(config.vocabulary);
  const std::array<Product, 1> head{{{&w.head(), output_bias.get(), out, stride}}};
  Multiply(kernels, worker, stream.activations, head_in, count, head);
  worker.Barrier();
  const Range share = worker.Share(static_cast<size_t>(count));
  for (size_t i = share.begin; i < share.end; ++i) {
    float* logits = result->logits.data() + i * config.vocabulary;
    if (padded) std::copy_n(out + i * stride, config.vocabulary, logits);
    if (config.logit_softcap != 0.0f)
      kernels.softcap(logits, config.logit_softcap, static_cast<int>(config.vocabulary));
  }
}

Decoder::Decoder(const Model& model, const KvLayout& layout, const KernelTable& kernels, ThreadPool& pool,
                 const DecoderOptions& options)
    : impl_(std::make_unique<Impl>(model, layout, kernels, pool, options)) {}

Decoder::~Decoder() = default;

void Decoder::Run(const Batch& batch, BatchResult& result) {
  impl_->Prepare(batch, result);
  impl_->pool.Run([this](Worker& worker) { impl_->Step(worker); });
  for (const std::vector<uint32_t>& sequences : impl_->broken) {
    for (const uint32_t sequence : sequences) result.broken[sequence] = true;
  }
}

}  // namespace candor
