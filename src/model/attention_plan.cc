#include "model/attention_plan.h"

#include <algorithm>

namespace candor {
namespace {

KvFormat FormatOf(KvType type) {
  if (type == KvType::kF32) return KvFormat::kF32;
  return type == KvType::kF16 ? KvFormat::kF16 : KvFormat::kInt8Values;
}

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

}  // namespace

AttentionScratch::AttentionScratch(const ModelConfig& config) {
  size_t floats = 0;
  for (const LayerConfig& layer : config.layers) {
    floats = std::max(floats, AttentionScratchFloats(layer.head_dim, layer.value_dim));
  }
  floats_ = HugeBuffer(floats * sizeof(float));
}

namespace {

void AttendPiece(const KernelTable& kernels, const KvLayout& layout, const LayerConfig& config, uint32_t index,
                 const Piece& piece, const float* query, size_t query_stride, float* out, size_t out_stride,
                 AttentionScratch& scratch) {
  const float* queries[kMaxAttentionRows];
  float* outs[kMaxAttentionRows];
  uint32_t positions[kMaxAttentionRows];
  int rows = 0;
  for (uint32_t t = 0; t < piece.tokens; ++t) {
    for (uint32_t h = piece.first_head; h < piece.first_head + piece.heads; ++h, ++rows) {
      const size_t row = piece.first_row + t;
      queries[rows] = query + row * query_stride + size_t{h} * config.head_dim;
      outs[rows] = out + row * out_stride + size_t{h} * config.value_dim;
      positions[rows] = piece.first_position + t;
    }
  }
  const std::vector<std::byte*>& pages = piece.sequence->kv->pages[layout.GroupOf(index)];
  const uint32_t last_page = positions[rows - 1] / kPagePositions;
  scratch.key_pages.assign(last_page + 1, nullptr);
  scratch.value_pages.assign(last_page + 1, nullptr);
  for (uint32_t p = 0; p <= last_page; ++p) {
    if (!pages[p]) continue;  // behind every window
    scratch.key_pages[p] = pages[p] + layout.KeyOffset(index, piece.kv_head);
    scratch.value_pages[p] = pages[p] + layout.ValueOffset(index, piece.kv_head);
  }
  kernels.attention({.rows = rows,
                     .query = queries,
                     .out = outs,
                     .position = positions,
                     .window = config.window,
                     .key_pages = scratch.key_pages.data(),
                     .value_pages = scratch.value_pages.data(),
                     .head_dim = static_cast<int>(config.head_dim),
                     .value_dim = static_cast<int>(config.value_dim),
                     .format = FormatOf(layout.type()),
                     .scale = config.attention_scale,
                     .softcap = config.attention_softcap,
                     .scratch = scratch.floats()});
}

// How many pieces of up to `tokens` tokens the sequences make.
uint32_t PiecesOf(const Batch& batch, uint32_t tokens) {
  uint32_t pieces = 0;
  for (const BatchSequence& sequence : batch.sequences) pieces += (sequence.count + tokens - 1) / tokens;
  return pieces;
}

}  // namespace

void Attend(const KernelTable& kernels, const Worker& worker, const Batch& batch, const KvLayout& layout,
            const LayerConfig& config, uint32_t index, const float* query, size_t query_stride, float* out,
            size_t out_stride, AttentionScratch& scratch) {
  const uint32_t group = config.heads / config.kv_heads;
  // A group's heads are divided only where there would not be a piece for every thread: each piece widens the keys and
  // values again.
  const auto threads = static_cast<uint32_t>(worker.size());
  uint32_t heads = std::min<uint32_t>(group, kMaxAttentionRows);
  const uint32_t whole_pieces = PiecesOf(batch, kMaxAttentionRows / heads) * config.kv_heads;
  if (whole_pieces < threads) heads = std::max(heads * whole_pieces / threads, 1u);
  const uint32_t tokens = kMaxAttentionRows / heads;
  // Pieces go round the threads: later tokens see more, so that contiguous shares would not be equal.
  int next = 0;
  size_t first_row = 0;
  for (const BatchSequence& sequence : batch.sequences) {
    for (uint32_t t = 0; t < sequence.count; t += tokens) {
      for (uint32_t kv_head = 0; kv_head < config.kv_heads; ++kv_head) {
        for (uint32_t h = 0; h < group; h += heads) {
          if (next++ % worker.size() != worker.rank()) continue;
          const Piece piece{.sequence = &sequence,
                            .first_row = first_row + t,
                            .tokens = std::min(tokens, sequence.count - t),
                            .first_position = sequence.first_position + t,
                            .kv_head = kv_head,
                            .first_head = kv_head * group + h,
                            .heads = std::min(heads, group - h)};
          AttendPiece(kernels, layout, config, index, piece, query, query_stride, out, out_stride, scratch);
        }
      }
    }
    first_row += sequence.count;
  }
}

}  // namespace candor
