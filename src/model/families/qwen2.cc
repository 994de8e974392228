// Qwen 2 and 2.5, and the DeepSeek R1 distillations made from them: biases on queries, keys and values.
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
    {"blk.{}.attn_q.bias", Need::kRequired, &LayerWeights::query_bias, ""},
    {"blk.{}.attn_k.weight", Need::kRequired, &LayerWeights::key, ""},
    {"blk.{}.attn_k.bias", Need::kRequired, &LayerWeights::key_bias, ""},
    {"blk.{}.attn_v.weight", Need::kRequired, &LayerWeights::value, ""},
    {"blk.{}.attn_v.bias", Need::kRequired, &LayerWeights::value_bias, ""},
    {"blk.{}.attn_output.weight", Need::kRequired, &LayerWeights::attention_output, ""},
    {"blk.{}.ffn_norm.weight", Need::kRequired, &LayerWeights::ffn_norm, ""},
    {"blk.{}.ffn_gate.weight", Need::kRequired, &LayerWeights::ffn_gate, ""},
    {"blk.{}.ffn_up.weight", Need::kRequired, &LayerWeights::ffn_up, ""},
    {"blk.{}.ffn_down.weight", Need::kRequired, &LayerWeights::ffn_down, ""},
};

}  // namespace

extern const Family kQwen2Family;
constexpr Family kQwen2Family = {"qwen2", StandardConfig, kTensors};

}  // namespace candor
