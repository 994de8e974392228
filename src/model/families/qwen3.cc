// Qwen 3 (dense): each head's query and key are normalised before rotation; no biases.
#include "model/family.h"
#include "model/gguf_config.h"

namespace candor {
namespace {

constexpr TensorRow kTensors[] = {
    {"token_embd.weight", Need::kRequired, &ModelWeights::token_embedding, ""},
    {"output_norm.weight", Need::kRequired, &ModelWeights::output_norm, ""},
    {"output.weight", Need::kOptional, &ModelWeights::output, ""},  // the embedding's rows otherwise
    {"blk.{}.attn_norm.weight", Need::kRequired, &LayerWeights::attention_norm, ""},
    {"blk.{}.attn_q.weight", Need::kRequired, &LayerWeights::query, ""},
    {"blk.{}.attn_q_norm.weight", Need::kRequired, &LayerWeights::query_norm, ""},
    {"blk.{}.attn_k.weight", Need::kRequired, &LayerWeights::key, ""},
    {"blk.{}.attn_k_norm.weight", Need::kRequired, &LayerWeights::key_norm, ""},
    {"blk.{}.attn_v.weight", Need::kRequired, &LayerWeights::value, ""},
    {"blk.{}.attn_output.weight", Need::kRequired, &LayerWeights::attention_output, ""},
    {"blk.{}.ffn_norm.weight", Need::kRequired, &LayerWeights::ffn_norm, ""},
    {"blk.{}.ffn_gate.weight", Need::kRequired, &LayerWeights::ffn_gate, ""},
    {"blk.{}.ffn_up.weight", Need::kRequired, &LayerWeights::ffn_up, ""},
    {"blk.{}.ffn_down.weight", Need::kRequired, &LayerWeights::ffn_down, ""},
};

}  // namespace

extern const Family kQwen3Family;
constexpr Family kQwen3Family = {"qwen3", StandardConfig, kTensors};

}  // namespace candor
