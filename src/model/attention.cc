#include "model/attention.h"

#include <algorithm>

namespace candor {
namespace {

// Some tokens of one sequence and some of the query heads that share one key-value head.
struct Piece {
  const BatchSequence* sequence;
  size_t first_row;  // of the piece's tokens in the batch
  uint32_t tokens;
  uint32_t first_position;
  uint32_t kv_head;
  uint32_t first_head;
  uint32_t heads;
};

void AttendPiece(const KernelTable& kernels, const KvLayout& layout, const LayerConfig& config, uint32_t index,
                 std::span<const float> sinks, const Piece& piece, const float* query, size_t query_stride, float* out,
                 size_t out_stride, float* scratch) {
  const float* queries[kMaxAttentionRows];
  float row_sinks[kMaxAttentionRows];
  float* outs[kMaxAttentionRows];
  uint32_t positions[kMaxAttentionRows];
  int rows = 0;
  for (uint32_t t = 0; t < piece.tokens; ++t) {
    for (uint32_t h = piece.first_head; h < piece.first_head + piece.heads; ++h, ++rows) {
      const size_t row = piece.first_row + t;
      queries[rows] = query + row * query_stride + size_t{h} * config.head_dim;
      outs[rows] = out + row * out_stride + size_t{h} * config.value_dim;
      positions[rows] = piece.first_position + t;
      if (!sinks.empty()) row_sinks[rows] = sinks[h];
    }
  }
  kernels.attention({.rows = rows,
                     .query = queries,
                     .out = outs,
                     .position = positions,
                     .window = config.window,
                     .pages = piece.sequence->kv->pages[layout.GroupOf(index)].data(),
                     .keys = layout.KeyOffset(index, piece.kv_head),
                     .values = layout.ValueOffset(index, piece.kv_head),
                     .head_dim = static_cast<int>(config.head_dim),
                     .value_dim = static_cast<int>(config.value_dim),
                     .type = layout.type(),
                     .scale = config.attention_scale,
                     .softcap = config.attention_softcap,
                     .scratch = scratch,
                     .sinks = sinks.empty() ? nullptr : row_sinks,
                     .values_in_keys = config.latent.rank != 0});
}

// Calls `use(sequence, first row, first token, tokens)` for every chunk of up to `tokens` tokens of one sequence.
template <class Use>
void ForChunks(std::span<const BatchSequence> sequences, uint32_t tokens, Use use) {
  size_t row = 0;
  for (const BatchSequence& sequence : sequences) {
    for (uint32_t t = 0; t < sequence.count; t += tokens)
      use(sequence, row + t, t, std::min(tokens, sequence.count - t));
    row += sequence.count;
  }
}

// What a chunk costs for one head: the tiles that its last token sees.
uint64_t TilesSeen(const LayerConfig& config, uint32_t last_position) {
  const uint32_t seen = config.window == 0 ? last_position : std::min(last_position, config.window);
  return seen / kPagePositions + 1;
}

}  // namespace

HugeBuffer AttentionScratch(const ModelConfig& config) {
  size_t floats = 0;
  for (const LayerConfig& layer : config.layers) {
    floats = std::max(floats, AttentionScratchFloats(layer.head_dim, layer.value_dim));
  }
  return HugeBuffer(floats * sizeof(float));
}

// All heads of all chunks stand in a row, each as long as it costs; a thread computes those that begin in its part of
// the row. Neighbouring heads that share keys and values are computed together.
void Attend(const KernelTable& kernels, const Worker& worker, std::span<const BatchSequence> sequences,
            const KvLayout& layout, const LayerConfig& config, uint32_t index, std::span<const float> sinks,
            const float* query, size_t query_stride, float* out, size_t out_stride, float* scratch) {
  const uint32_t group = config.heads / config.kv_heads;
  const uint32_t most_heads = std::min<uint32_t>(group, kMaxAttentionRows);
  const uint32_t tokens = kMaxAttentionRows / most_heads;
  uint64_t total = 0;
  ForChunks(sequences, tokens, [&](const BatchSequence& sequence, size_t, uint32_t t, uint32_t count) {
    total += config.heads * TilesSeen(config, sequence.first_position + t + count - 1);
  });
  const auto rank = static_cast<uint64_t>(worker.rank());
  const auto threads = static_cast<uint64_t>(worker.size());
  const uint64_t begin = total * rank / threads;
  const uint64_t end = total * (rank + 1) / threads;
  uint64_t at = 0;
  ForChunks(sequences, tokens, [&](const BatchSequence& sequence, size_t row, uint32_t t, uint32_t count) {
    const uint64_t cost = TilesSeen(config, sequence.first_position + t + count - 1);
    const auto heads_before = [&](uint64_t place) {
      return place <= at ? 0 : static_cast<uint32_t>(std::min<uint64_t>((place - at + cost - 1) / cost, config.heads));
    };
    const uint32_t last = heads_before(end);
    for (uint32_t head = heads_before(begin); head < last;) {
      const uint32_t kv_head = head / group;
      const uint32_t heads = std::min({last, (kv_head + 1) * group, head + most_heads}) - head;
      const Piece piece{.sequence = &sequence,
                        .first_row = row,
                        .tokens = count,
                        .first_position = sequence.first_position + t,
                        .kv_head = kv_head,
                        .first_head = head,
                        .heads = heads};
      AttendPiece(kernels, layout, config, index, sinks, piece, query, query_stride, out, out_stride, scratch);
      head += heads;
    }
    at += cost * config.heads;
  });
}

}  // namespace candor
