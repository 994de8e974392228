// Latent attention: what of keys and values is kept is one latent, so queries are folded into its space before
// attention and its outputs unfolded behind it, head by head (DeepSeek-V2, section 2.1 and appendix).
#include <array>

#include "model/decoder_impl.h"

namespace candor {

void Decoder::Impl::ProjectLatent(Worker& worker, uint32_t index, const BatchRows& rows, Inputs inputs) {
  const DecoderLayer& layer = layers[index];
  const LatentConfig& latent = layer.config.latent;
  Stream& stream = StreamOf(worker, rows);
  const bool compressed = latent.query_rank != 0;
  const Product latents{&layer.w.latent_down, nullptr, key[0], key.stride()};
  const Product queries = compressed ? Product{&layer.w.query_down, nullptr, query_latent[0], query_latent.stride()}
                                     : Product{&layer.w.query, nullptr, head_query[0], head_query.stride()};
  const std::array<Product, 2> products{{queries, latents}};
  std::span<const Product> used = products;
  if (inputs == Inputs::kQueries) used = used.first(1);
  if (inputs == Inputs::kKeysAndValues) used = used.last(1);
  Multiply(kernels, worker, stream.activations, layer.attention_in, rows.count(), used);
  worker.Barrier();
  if (inputs != Inputs::kQueries) StoreLatents(worker, index, rows);
  if (inputs != Inputs::kKeysAndValues) {
    if (compressed) {
      // Replicated batches share the latents: each thread norms into a row of its own.
      ForStreamTiles(worker, Replicated(rows), rows.count(), [&](int first, int count) {
        for (int i = 0; i < count; ++i) {
          const auto row = static_cast<size_t>(first + i);
          RmsNorm(query_latent[row], layer.w.query_down_norm, stream.query_latent[row]);
        }
        stream.activations.ConvertTile(layer.query_up_in, stream.query_latent[0], stream.query_latent.stride(),
                                       latent.query_rank, first, count);
      });
      const std::array<Product, 1> up_product{{{&layer.w.query_up, nullptr, head_query[0], head_query.stride()}}};
      Multiply(kernels, worker, stream.activations, layer.query_up_in, rows.count(), up_product);
      worker.Barrier();
    }
    FoldQueries(worker, index, rows);
  }
  worker.Barrier();
}

// Norms and rotates this thread's share of the latents, and stores it.
void Decoder::Impl::StoreLatents(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  const Range share = worker.Share(rows.source.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    RmsNorm(key[row], layer.w.latent_norm, key[row]);
    Rotate(index, rows, row, key[row] + layer.config.latent.rank);
    if (!StoreKeyValue(index, rows, row, 0)) {
      broken[static_cast<size_t>(worker.rank())].push_back(rows.sequence[row]);
    }
  }
}

// Of each head's query the part that is not rotated goes into the latent's space; the other is rotated.
void Decoder::Impl::FoldQueries(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  const LatentConfig& latent = layer.config.latent;
  Activations& inputs = head_inputs[static_cast<size_t>(worker.rank())];
  worker.ForParts(layer.config.heads, 1, [&](Range heads) {
    const size_t h = heads.begin;
    const PackedMatrix& fold = layer.w.latent_keys[h];
    const float* from = head_query[0] + h * HeadQueryDim(layer.config);
    float* to = query[0] + h * layer.config.head_dim;
    ForTiles(rows.count(), [&](int first, int count) {
      inputs.ConvertTile(layer.head_keys_in, from, head_query.stride(), latent.nope_dim, first, count);
    });
    Multiply(kernels, {0, rows.count(), {0, Units(fold)}}, inputs, layer.head_keys_in,
             {&fold, nullptr, to, query.stride()});
    for (size_t row = 0; row < rows.source.size(); ++row) {
      float* rotated = to + row * query.stride() + latent.rank;
      std::copy_n(from + row * head_query.stride() + latent.nope_dim, latent.rope_dim, rotated);
      Rotate(index, rows, row, rotated);
    }
  });
}

// Each head's output, a sum of latents, becomes a sum of values.
void Decoder::Impl::UnfoldValues(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  const LatentConfig& latent = layer.config.latent;
  Activations& inputs = head_inputs[static_cast<size_t>(worker.rank())];
  worker.ForParts(layer.config.heads, 1, [&](Range heads) {
    const size_t h = heads.begin;
    const PackedMatrix& unfold = layer.w.latent_values[h];
    ForTiles(rows.count(), [&](int first, int count) {
      inputs.ConvertTile(layer.head_values_in, attended[0] + h * latent.rank, attended.stride(), latent.rank, first,
                         count);
    });
    Multiply(kernels, {0, rows.count(), {0, Units(unfold)}}, inputs, layer.head_values_in,
             {&unfold, nullptr, head_out[0] + h * latent.value_dim, head_out.stride()});
  });
  worker.Barrier();
}

}  // namespace candor
