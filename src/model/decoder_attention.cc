// A layer's attention: projections, rotation, the cache, and the output.
#include <array>

#include "model/attention.h"
#include "model/decoder_impl.h"

namespace candor {

void Decoder::Impl::Project(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const DecoderLayer& layer = layers[index];
  if (layer.config.latent.rank != 0) return ProjectLatent(worker, index, rows, inputs);
  const std::array<Product, 3> products{{{&layer.w.query, layer.query_bias.get(), query[0], query.stride()},
                                         {&layer.w.key, layer.key_bias.get(), key[0], key.stride()},
                                         {&layer.w.value, layer.value_bias.get(), value[0], value.stride()}}};
  std::span<const Product> used = products;
  if (inputs == Inputs::kQueries) used = used.first(1);
  if (inputs == Inputs::kKeysAndValues) used = used.last(2);
  Multiply(kernels, worker, StreamOf(worker, rows).activations, layer.attention_in, rows.count(), used);
  worker.Barrier();
  if (layer.config.query_key_norm == QueryKeyNorm::kWhole) NormWholeRows(worker, index, rows, inputs);
  RotateAndStore(worker, index, rows, inputs);
  worker.Barrier();
}

void Decoder::Impl::AttentionBlock(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  Stream& stream = StreamOf(worker, rows);
  Attend(kernels, worker, rows.sequences, layout, layer.config, index, layer.w.sinks, query[0], query.stride(),
         attended[0], attended.stride(), reinterpret_cast<float*>(scratch[static_cast<size_t>(worker.rank())].data()));
  worker.Barrier();
  const bool latent = layer.config.latent.rank != 0;
  if (latent) UnfoldValues(worker, index, rows);
  Rows& heads = latent ? head_out : attended;
  ForStreamTiles(worker, Replicated(rows), rows.count(), [&](int first, int count) {
    stream.activations.ConvertTile(layer.attention_out, heads[0], heads.stride(), HeadsOutWidth(layer.config), first,
                                   count);
  });
  const std::array<Product, 1> output{{{&layer.w.attention_output, layer.output_bias.get(), added[0], added.stride()}}};
  Multiply(kernels, worker, stream.activations, layer.attention_out, rows.count(), output);
  worker.Barrier();
  AddAndNorm(worker, rows, layer.w.post_attention_norm, layer.w.ffn_norm, layer.w.ffn_norm_bias, layer.ffn_in);
}

// Queries and keys that are normalised over all heads together.
void Decoder::Impl::NormWholeRows(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const LayerWeights& w = layers[index].w;
  const Range share = worker.Share(rows.source.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    if (inputs != Inputs::kKeysAndValues) RmsNorm(query[row], w.query_norm, query[row]);
    if (inputs != Inputs::kQueries) RmsNorm(key[row], w.key_norm, key[row]);
  }
  worker.Barrier();
}

// Norms and rotates this thread's share of the heads, and stores it.
void Decoder::Impl::RotateAndStore(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const DecoderLayer& layer = layers[index];
  const LayerConfig& c = layer.config;
  const size_t first_head = inputs == Inputs::kKeysAndValues ? c.heads : 0;
  const size_t heads = (inputs == Inputs::kQueries ? c.heads : c.heads + c.kv_heads) - first_head;
  const Range share = worker.Share(rows.source.size() * heads);
  for (size_t i = share.begin; i < share.end; ++i) {
    const size_t row = i / heads;
    const size_t h = first_head + i % heads;
    const bool is_query = h < c.heads;
    float* head = is_query ? query[row] + h * c.head_dim : key[row] + (h - c.heads) * c.head_dim;
    if (c.query_key_norm == QueryKeyNorm::kHead) RmsNorm(head, is_query ? layer.w.query_norm : layer.w.key_norm, head);
    Rotate(index, rows, row, head);
    if (!is_query && !StoreKeyValue(index, rows, row, static_cast<uint32_t>(h - c.heads))) {
      broken[static_cast<size_t>(worker.rank())].push_back(rows.sequence[row]);
    }
  }
}

// Rotates the first values of `head` as the layer's rotation says.
void Decoder::Impl::Rotate(uint32_t index, const BatchRows& rows, size_t row, float* head) const {
  if (layers[index].config.rope < 0) return;
  const auto rope = static_cast<size_t>(layers[index].config.rope);
  kernels.rope(head, ropes[rope].cosines(rows.source[row]), ropes[rope].sines(rows.source[row]),
               static_cast<int>(config.ropes[rope].dims), config.ropes[rope].interleaved);
}

// False when a key or value is not finite.
bool Decoder::Impl::StoreKeyValue(uint32_t index, const BatchRows& rows, size_t row, uint32_t kv_head) {
  const LayerConfig& c = layers[index].config;
  const uint32_t position = rows.position[row];
  std::byte* page = rows.kv[row]->pages[layout.GroupOf(index)][position / kPagePositions];
  const auto slot = static_cast<int>(position % kPagePositions);
  const float* k = key[row] + size_t{kv_head} * c.head_dim;
  const bool finite_key =
      kernels.store_key(k, static_cast<int>(c.head_dim), layout.type(), page + layout.KeyOffset(index, kv_head), slot);
  if (c.latent.rank != 0) return finite_key;  // the key holds the value
  const float* v = value[row] + size_t{kv_head} * c.value_dim;
  const bool finite_value = kernels.store_value(v, static_cast<int>(c.value_dim), layout.type(),
                                                page + layout.ValueOffset(index, kv_head), slot);
  return finite_key && finite_value;
}

}  // namespace candor
