// GPT-2 (Radford et al. 2019): learned positions, layer norms, biases everywhere, a network without a gate. Its
// matrices are stored by inputs, and queries, keys and values in one.
#include <cmath>

#include "base/error.h"
#include "model/family.h"
#include "model/gguf_config.h"
#include "model/safetensors_config.h"

namespace candor {
namespace {

void MakeLayers(ModelConfig& config) {
  config.norm = NormKind::kLayer;
  config.ropes.clear();
  for (LayerConfig& layer : config.layers) {
    layer.rope = -1;
    layer.gated = false;
    layer.activation = Activation::kGeluTanh;
    layer.query_bias = layer.output_bias = layer.ffn_bias = true;
  }
}

ModelConfig FromGguf(const Checkpoint& checkpoint) {
  ModelConfig config = StandardConfig(checkpoint, NormKind::kLayer);
  MakeLayers(config);
  config.learned_positions = config.context_length;
  return config;
}

ModelConfig FromSafetensors(const Checkpoint& checkpoint) {
  const ConfigFields fields(checkpoint);
  fields.RequireString("activation_function", "gelu_new");
  if (!fields.GetBool("scale_attn_weights", true) || fields.GetBool("scale_attn_by_inverse_layer_idx", false)) {
    throw UnsupportedError(checkpoint.metadata.source() +
                           ": scale_attn_weights is false or scale_attn_by_inverse_layer_idx true; "
                           "this version scales by the square root of a head's width alone");
  }
  ModelConfig config;
  config.architecture = checkpoint.metadata.RequireString("model_type");
  config.name = checkpoint.metadata.source();
  config.vocabulary = fields.Require("vocab_size", 1, kMaxVocabulary);
  config.hidden = fields.Require("n_embd", kMinWidth, kMaxHidden);
  config.context_length = config.learned_positions = fields.Require("n_positions", kMinContext, kMaxContext);
  config.norm_epsilon = static_cast<float>(fields.RequireFloat("layer_norm_epsilon", kMinNormEpsilon, kMaxNormEpsilon));
  config.tied_output = fields.GetBool("tie_word_embeddings", true);
  config.tensor_prefix = "transformer.";
  LayerConfig layer;
  layer.heads = layer.kv_heads = fields.Require("n_head", 1, kMaxHeads);
  layer.head_dim = layer.value_dim = config.hidden / layer.heads;
  if (config.hidden % layer.heads != 0) {
    fields.Refuse("n_head", std::to_string(layer.heads), "a divisor of n_embd, " + std::to_string(config.hidden));
  }
  layer.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(layer.head_dim)));
  layer.ffn_dim = fields.Get("n_inner", kMinWidth, kMaxFfnDim).value_or(4 * config.hidden);
  config.layers.assign(fields.Require("n_layer", 1, kMaxLayers), layer);
  MakeLayers(config);
  return config;
}

using M = ModelWeights;
using L = LayerWeights;
constexpr TensorRow kTensors[] = {
    {{"token_embd.weight"}, {"wte.weight"}, &M::token_embedding},
    {{"position_embd.weight"}, {"wpe.weight"}, &M::position_embedding},
    {{"output_norm.weight"}, {"ln_f.weight"}, &M::output_norm},
    {{"output_norm.bias"}, {"ln_f.bias"}, &M::output_norm_bias},
    {{"output.weight"}, {"lm_head.weight"}, &M::output},
    {{"blk.{}.attn_norm.weight"}, {"h.{}.ln_1.weight"}, &L::attention_norm},
    {{"blk.{}.attn_norm.bias"}, {"h.{}.ln_1.bias"}, &L::attention_norm_bias},
    {{"blk.{}.attn_qkv.weight"}, {"h.{}.attn.c_attn.weight", Stored::kInputs}, &L::query},
    {{"blk.{}.attn_qkv.weight"}, {"h.{}.attn.c_attn.weight", Stored::kInputs}, &L::key},
    {{"blk.{}.attn_qkv.weight"}, {"h.{}.attn.c_attn.weight", Stored::kInputs}, &L::value},
    {{"blk.{}.attn_qkv.bias"}, {"h.{}.attn.c_attn.bias"}, &L::query_bias},
    {{"blk.{}.attn_qkv.bias"}, {"h.{}.attn.c_attn.bias"}, &L::key_bias},
    {{"blk.{}.attn_qkv.bias"}, {"h.{}.attn.c_attn.bias"}, &L::value_bias},
    {{"blk.{}.attn_output.weight"}, {"h.{}.attn.c_proj.weight", Stored::kInputs}, &L::attention_output},
    {{"blk.{}.attn_output.bias"}, {"h.{}.attn.c_proj.bias"}, &L::attention_output_bias},
    {{"blk.{}.ffn_norm.weight"}, {"h.{}.ln_2.weight"}, &L::ffn_norm},
    {{"blk.{}.ffn_norm.bias"}, {"h.{}.ln_2.bias"}, &L::ffn_norm_bias},
    {{"blk.{}.ffn_up.weight"}, {"h.{}.mlp.c_fc.weight", Stored::kInputs}, &L::ffn_up},
    {{"blk.{}.ffn_up.bias"}, {"h.{}.mlp.c_fc.bias"}, &L::ffn_up_bias},
    {{"blk.{}.ffn_down.weight"}, {"h.{}.mlp.c_proj.weight", Stored::kInputs}, &L::ffn_down},
    {{"blk.{}.ffn_down.bias"}, {"h.{}.mlp.c_proj.bias"}, &L::ffn_down_bias},
    {{}, {"h.{}.attn.bias"}, {}, "the causal mask"},
    {{}, {"h.{}.attn.masked_bias"}, {}, "what older versions put where the mask hides"},
};

}  // namespace

extern const Family kGpt2Family;
constexpr Family kGpt2Family = {"gpt2", "gpt2", FromGguf, FromSafetensors, kTensors};

}  // namespace candor
