// Llama 1 to 3 and the many models that share its architecture word (Mistral, SmolLM, Yi...).
#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"

namespace candor {
namespace {

ModelConfig Configure(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  if (fields.Get("expert_count", 0, UINT32_MAX).value_or(0) != 0) {
    throw UnsupportedError(checkpoint.metadata.source() + ": " + fields.Key("expert_count") +
                           " is not 0: a mixture of experts is not computed by this version");
  }
  // The converter has permuted the rows of queries and keys for pairs of neighbours.
  config.ropes[0].interleaved = true;
  const uint32_t window = fields.Get("attention.sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) layer.window = window;
  return config;
}

constexpr TensorRow kTensors[] = {
    {"token_embd.weight", Need::kRequired, &ModelWeights::token_embedding, ""},
    {"output_norm.weight", Need::kRequired, &ModelWeights::output_norm, ""},
    {"output.weight", Need::kOptional, &ModelWeights::output, ""},   // the embedding's rows otherwise
    {"rope_freqs.weight", Need::kOptional, RopeFactorsPart{0}, ""},  // Llama 3.1's smooth scaling
    {"blk.{}.attn_norm.weight", Need::kRequired, &LayerWeights::attention_norm, ""},
    {"blk.{}.attn_q.weight", Need::kRequired, &LayerWeights::query, ""},
    {"blk.{}.attn_q.bias", Need::kOptional, &LayerWeights::query_bias, ""},
    {"blk.{}.attn_k.weight", Need::kRequired, &LayerWeights::key, ""},
    {"blk.{}.attn_k.bias", Need::kOptional, &LayerWeights::key_bias, ""},
    {"blk.{}.attn_v.weight", Need::kRequired, &LayerWeights::value, ""},
    {"blk.{}.attn_v.bias", Need::kOptional, &LayerWeights::value_bias, ""},
    {"blk.{}.attn_output.weight", Need::kRequired, &LayerWeights::attention_output, ""},
    {"blk.{}.attn_output.bias", Need::kOptional, &LayerWeights::attention_output_bias, ""},
    {"blk.{}.ffn_norm.weight", Need::kRequired, &LayerWeights::ffn_norm, ""},
    {"blk.{}.ffn_gate.weight", Need::kRequired, &LayerWeights::ffn_gate, ""},
    {"blk.{}.ffn_gate.bias", Need::kOptional, &LayerWeights::ffn_gate_bias, ""},
    {"blk.{}.ffn_up.weight", Need::kRequired, &LayerWeights::ffn_up, ""},
    {"blk.{}.ffn_up.bias", Need::kOptional, &LayerWeights::ffn_up_bias, ""},
    {"blk.{}.ffn_down.weight", Need::kRequired, &LayerWeights::ffn_down, ""},
    {"blk.{}.ffn_down.bias", Need::kOptional, &LayerWeights::ffn_down_bias, ""},
};

}  // namespace

extern const Family kLlamaFamily;
constexpr Family kLlamaFamily = {"llama", Configure, kTensors};

}  // namespace candor
