// Qwen 3 with experts (30B-A3B, 235B-A22B): Qwen 3's attention, and a router over softmax probabilities.
#include <algorithm>

#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  for (LayerConfig& layer : config.layers) {
    layer.query_key_norm = QueryKeyNorm::kHead;
    layer.experts = StandardExperts(fields, layer.ffn_dim);
  }
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  ModelConfig config = TransformersConfig(fields, {.dense_layers = false});
  if (fields.Get("decoder_sparse_step", 1, UINT32_MAX).value_or(1) != 1) {
    throw UnsupportedError(checkpoint.metadata.source() +
                           ": decoder_sparse_step is not 1: layers without experts between others are not computed");
  }
  fields.RequireFalse("use_sliding_window");
  if (const MetadataValue* dense = fields.metadata().Find(fields.Key("mlp_only_layers"));
      dense != nullptr && *dense != MetadataValue(StringTable())) {
    fields.Refuse("mlp_only_layers", Describe(*dense), "none: layers without experts are not computed here");
  }
  ExpertsConfig experts = TransformersExperts(fields, fields.Has("num_experts") ? "num_experts" : "num_local_experts",
                                              fields.Require("moe_intermediate_size", kMinWidth, kMaxFfnDim));
  experts.normalize = fields.GetBool("norm_topk_prob", false);
  for (LayerConfig& layer : config.layers) {
    layer.query_key_norm = QueryKeyNorm::kHead;
    layer.experts = experts;
    layer.ffn_dim = experts.ffn_dim;
  }
  return config;
}

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding, rows::kOutputNorm, rows::kOutput,     rows::kAttentionNorm, rows::kQuery,
    rows::kQueryNorm,      rows::kKey,        rows::kKeyNorm,    rows::kValue,         rows::kAttentionOutput,
    rows::kFfnNorm,        rows::kRouter,     rows::kExpertGate, rows::kExpertUp,      rows::kExpertDown,
};

}  // namespace

extern const Family kQwen3MoeFamily;
constexpr Family kQwen3MoeFamily = {"qwen3moe", "qwen3_moe", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
