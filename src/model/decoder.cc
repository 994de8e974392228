#include "model/decoder.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "model/attention.h"
#include "model/decoder_impl.h"

namespace candor {

PaddedBias::PaddedBias(const std::vector<float>& bias, size_t outputs, size_t matrices)
    : stride_(OutputStride(outputs)) {
  if (bias.empty()) return;
  CHECK(bias.size() == outputs * matrices);
  values_.resize(stride_ * matrices);
  for (size_t i = 0; i < matrices; ++i) {
    std::copy_n(bias.begin() + static_cast<ptrdiff_t>(i * outputs), outputs,
                values_.begin() + static_cast<ptrdiff_t>(i * stride_));
  }
}

DecoderLayer::DecoderLayer(const LayerConfig& layer_config, const LayerWeights& weights, uint32_t hidden, bool exact)
    : config(layer_config),
      w(weights),
      query_bias(w.query_bias, w.query_bias.size()),
      key_bias(w.key_bias, w.key_bias.size()),
      value_bias(w.value_bias, w.value_bias.size()),
      output_bias(w.attention_output_bias, hidden),
      gate_bias(w.ffn_gate_bias, config.ffn_dim),
      up_bias(w.ffn_up_bias, config.ffn_dim),
      down_bias(w.ffn_down_bias, hidden),
      router_bias(w.router_bias, config.experts.count),
      expert_gate_bias(w.expert_gate_bias, config.experts.ffn_dim, config.experts.count),
      expert_up_bias(w.expert_up_bias, config.experts.ffn_dim, config.experts.count),
      expert_down_bias(w.expert_down_bias, hidden, config.experts.count) {
  for (InputKinds* kinds : {&attention_in, &attention_out, &ffn_in, &ffn_out, &query_up_in, &head_keys_in,
                            &head_values_in, &experts_in, &experts_out}) {
    kinds->exact = exact;
  }
  const auto add = [](InputKinds& kinds, std::initializer_list<const PackedMatrix*> matrices) {
    for (const PackedMatrix* matrix : matrices) {
      if (!matrix->empty()) kinds.Add(*matrix);
    }
  };
  const auto add_all = [](InputKinds& kinds, const std::vector<PackedMatrix>& matrices) {
    for (const PackedMatrix& matrix : matrices) kinds.Add(matrix);
  };
  add(attention_in, {&w.query, &w.key, &w.value, &w.query_down, &w.latent_down});
  add(attention_out, {&w.attention_output});
  add(query_up_in, {&w.query_up});
  add_all(head_keys_in, w.latent_keys);
  add_all(head_values_in, w.latent_values);
  add(ffn_in, {&w.ffn_gate, &w.ffn_up, &w.router, &w.shared_gate, &w.shared_up});
  add(ffn_out, {&w.ffn_down, &w.shared_down});
  add_all(experts_in, w.expert_gate);
  add_all(experts_in, w.expert_up);
  add_all(experts_out, w.expert_down);
  // A single row goes to its experts as it is.
  add_all(ffn_in, w.expert_gate);
  add_all(ffn_in, w.expert_up);
}

namespace {

// The largest of something over all layers; at least 1, so that there is a row to point at.
template <class Of>
size_t Most(const ModelConfig& config, Of of) {
  size_t most = 1;
  for (const LayerConfig& layer : config.layers) most = std::max<size_t>(most, of(layer));
  return most;
}

size_t MostUsed(const ModelConfig& config) {
  return Most(config, [](const LayerConfig& c) { return c.experts.used; });
}

// The width of a layer's network, or of its experts'.
size_t FfnWidth(const LayerConfig& c) { return c.experts.count != 0 ? c.experts.ffn_dim : c.ffn_dim; }

// Rows of all layers' networks, or of experts: the most values that any layer needs.
size_t FfnRows(const ModelConfig& config, uint32_t rows) {
  const size_t width = OutputStride(Most(config, FfnWidth));
  const size_t values = Most(config, [&](const LayerConfig& c) {
    return OutputStride(FfnWidth(c)) * rows * std::max<size_t>(c.experts.used, 1);
  });
  return (values + width - 1) / width;
}

}  // namespace

Decoder::Impl::Impl(const Model& model_, const KvLayout& layout_, const KernelTable& kernels_, ThreadPool& pool_,
                    const DecoderOptions& options_)
    : model(model_),
      config(model_.config),
      layout(layout_),
      kernels(kernels_),
      pool(pool_),
      options(options_),
      added(options_.max_rows, config.hidden),
      query(options_.max_rows, Most(config, QueryWidth)),
      key(options_.max_rows, Most(config, KeyWidth)),
      value(options_.max_rows, Most(config, ValueWidth)),
      attended(options_.max_rows, Most(config, AttendedWidth)),
      gate(FfnRows(config, options_.max_rows), Most(config, FfnWidth)),
      up(FfnRows(config, options_.max_rows), Most(config, FfnWidth)),
      ffn_activations(kernels_, FfnRows(config, options_.max_rows), OutputStride(Most(config, FfnWidth))),
      output_bias(model_.weights.output_bias, model_.weights.output_bias.size()),
      query_latent(options_.max_rows, Most(config, [](const LayerConfig& c) { return c.latent.query_rank; })),
      head_query(options_.max_rows, Most(config, [](const LayerConfig& c) { return c.heads * HeadQueryDim(c); })),
      head_out(options_.max_rows, Most(config, [](const LayerConfig& c) { return c.heads * c.latent.value_dim; })),
      router_logits(options_.max_rows, Most(config, [](const LayerConfig& c) { return c.experts.count; })),
      expert_out(options_.max_rows * MostUsed(config), config.hidden),
      shared_gate(options_.max_rows, Most(config, [](const LayerConfig& c) { return c.experts.shared_ffn_dim; })),
      shared_up(options_.max_rows, shared_gate.stride()),
      shared_out(options_.max_rows, config.hidden),
      expert_inputs(kernels_, options_.max_rows * MostUsed(config), config.hidden),
      shared_activations(kernels_, options_.max_rows, shared_gate.stride()) {
  for (size_t i = 0; i < config.layers.size(); ++i) {
    layers.emplace_back(config.layers[i], model.weights.layers[i], config.hidden, options.exact);
  }
  for (const RopeConfig& rope : config.ropes) ropes.emplace_back(rope);
  const size_t query_rank = Most(config, [](const LayerConfig& c) { return c.latent.query_rank; });
  const size_t widest = std::max({size_t{config.hidden}, Most(config, HeadsOutWidth), query_rank});
  const size_t head_width =
      Most(config, [](const LayerConfig& c) { return std::max(c.latent.rank, c.latent.nope_dim); });
  shared.emplace(kernels, options.max_rows, config.hidden, query_rank, widest);
  for (int i = 0; i < pool.size(); ++i) {
    scratch.push_back(AttentionScratch(config));
    own.emplace_back(kernels, std::min(options.max_rows, kReplicatedRows), config.hidden, query_rank, widest);
    head_inputs.emplace_back(kernels, options.max_rows, head_width);
    tile_rows.emplace_back(static_cast<size_t>(kernels.max_tile), config.hidden);
  }
  plans.resize(static_cast<size_t>(pool.size()));
  chosen.resize(options.max_rows * MostUsed(config));
  chosen_weights.resize(chosen.size());
  head_in.exact = options.exact;
  head_in.head = true;
  head_in.Add(model.weights.head());
}

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
  for (const uint32_t position : all.position) {
    CHECK(config.learned_positions == 0 || position < config.learned_positions);
  }
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
    const DecoderLayer& next = layers[i + 1];
    AddAndNorm(worker, all, layers[i].w.post_ffn_norm, next.w.attention_norm, next.w.attention_norm_bias,
               next.attention_in);
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
      EmbedRow(row, x);
      Norm(x.data(), layers[0].w.attention_norm, layers[0].w.attention_norm_bias, stream.normed[row]);
    }
    stream.activations.ConvertTile(layers[0].attention_in, stream.normed[0], stream.normed.stride(), config.hidden,
                                   first, count);
  });
}

// `x` is a row of the residual stream; the row of the batch is `row` of all.
void Decoder::Impl::EmbedRow(size_t row, std::span<float> x) const {
  if (batch->embeddings.empty()) {
    model.weights.token_embedding.UnpackRow(static_cast<uint32_t>(batch->tokens[row]), x);
    if (config.embedding_scale != 1.0f) kernels.scale(x.data(), config.embedding_scale, static_cast<int>(x.size()));
  } else {
    std::copy_n(batch->embeddings.begin() + static_cast<ptrdiff_t>(row * config.hidden), config.hidden, x.begin());
  }
  if (config.learned_positions == 0) return;
  std::vector<float> position(x.size());
  model.weights.position_embedding.UnpackRow(all.position[row], position);
  kernels.add(x.data(), position.data(), static_cast<int>(x.size()));
}

void Decoder::Impl::Norm(const float* x, const std::vector<float>& weight, const std::vector<float>& bias,
                         float* out) const {
  const auto n = static_cast<int>(config.hidden);
  if (weight.empty()) {
    std::copy_n(x, n, out);
  } else if (config.norm == NormKind::kLayer) {
    kernels.layer_norm(x, weight.data(), bias.empty() ? nullptr : bias.data(), n, config.norm_epsilon, out);
  } else {
    kernels.rms_norm(x, weight.data(), n, config.norm_epsilon, out);
  }
}

void Decoder::Impl::Add(Stream& stream, size_t row, const std::vector<float>& post_norm, float* room) {
  const float* x = added[row];
  if (!post_norm.empty()) {
    RmsNorm(x, post_norm, room);
    x = room;
  }
  kernels.add(stream.residual[row], x, static_cast<int>(config.hidden));
}

void Decoder::Impl::AddAndNorm(Worker& worker, const BatchRows& rows, const std::vector<float>& post_norm,
                               const std::vector<float>& next_norm, const std::vector<float>& next_bias,
                               const InputKinds& kinds) {
  Stream& stream = StreamOf(worker, rows);
  ForStreamTiles(worker, Replicated(rows), rows.count(), [&](int first, int count) {
    for (int r = first; r < first + count; ++r) {
      const auto row = static_cast<size_t>(r);
      Add(stream, row, post_norm, stream.normed[row]);
      Norm(stream.residual[row], next_norm, next_bias, stream.normed[row]);
    }
    stream.activations.ConvertTile(kinds, stream.normed[0], stream.normed.stride(), config.hidden, first, count);
  });
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

void Decoder::Impl::Head(Worker& worker) {
  const ModelWeights& w = model.weights;
  Stream& stream = StreamOf(worker, wanted);
  // The last block's addition, and the norm; logit rows move to the front of `normed`, where the head's activations are
  // made from.
  const auto finish = [&](size_t row, float* out) {
    Add(stream, row, layers.back().w.post_ffn_norm, out);
    Norm(stream.residual[row], w.output_norm, w.output_norm_bias, out);
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
