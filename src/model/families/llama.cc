// Llama 1 to 3 and the many models that share its architecture word (in GGUF Mistral, Mixtral, SmolLM, Yi...).
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"
#include "model/standard_rows.h"

namespace candor {
namespace {

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint);
  const GgufFields fields(checkpoint.metadata);
  // The converter has permuted the rows of queries and keys for pairs of neighbours.
  config.ropes[0].interleaved = true;
  const uint32_t window = fields.Get("attention.sliding_window", 0, kMaxContext).value_or(0);
  for (LayerConfig& layer : config.layers) {
    layer.window = window;
    layer.experts = StandardExperts(fields, layer.ffn_dim);
  }
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) { return TransformersConfig(ConfigFields(checkpoint)); }

constexpr TensorRow kTensors[] = {
    rows::kTokenEmbedding,
    rows::kOutputNorm,
    rows::kOutput,
    rows::kRopeFactors,
    rows::kOldFrequencies,
    rows::kAttentionNorm,
    rows::kQuery,
    rows::kQueryBias,
    rows::kKey,
    rows::kKeyBias,
    rows::kValue,
    rows::kValueBias,
    rows::kAttentionOutput,
    rows::kAttentionOutputBias,
    rows::kFfnNorm,
    rows::kFfnGate,
    rows::kFfnGateBias,
    rows::kFfnUp,
    rows::kFfnUpBias,
    rows::kFfnDown,
    rows::kFfnDownBias,
    rows::kRouter,
    rows::kExpertGate,
    rows::kExpertUp,
    rows::kExpertDown,
};

}  // namespace

extern const Family kLlamaFamily;
constexpr Family kLlamaFamily = {"llama", "llama", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
