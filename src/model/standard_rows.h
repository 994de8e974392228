// Rows of tensor tables that most families share, under the names that converters to GGUF and transformers give them.
//
// Whether a model has a part (a bias, a norm, experts) is its configuration's business: a row of a part that it has not
// matches nothing.
#ifndef CANDOR_MODEL_STANDARD_ROWS_H_
#define CANDOR_MODEL_STANDARD_ROWS_H_

#include "model/tensor_table.h"

namespace candor::rows {

using M = ModelWeights;
using L = LayerWeights;
using P = PredictionWeights;

inline constexpr TensorRow kTokenEmbedding = {
    {"token_embd.weight"}, {"model.embed_tokens.weight"}, &M::token_embedding};
inline constexpr TensorRow kOutputNorm = {{"output_norm.weight"}, {"model.norm.weight"}, &M::output_norm};
inline constexpr TensorRow kOutput = {{"output.weight"}, {"lm_head.weight"}, &M::output};
// Factors of the rotation that a converter has computed: Llama 3.1's.
inline constexpr TensorRow kRopeFactors = {{"rope_freqs.weight"}, {}, RopeFactorsPart{}, "", true};
// Written by versions of transformers before 4.32; it follows from the configuration.
inline constexpr TensorRow kOldFrequencies = {
    {}, {"model.layers.{}.self_attn.rotary_emb.inv_freq"}, {}, "the frequencies follow from the configuration"};

inline constexpr TensorRow kAttentionNorm = {
    {"blk.{}.attn_norm.weight"}, {"model.layers.{}.input_layernorm.weight"}, &L::attention_norm};
inline constexpr TensorRow kFfnNorm = {
    {"blk.{}.ffn_norm.weight"}, {"model.layers.{}.post_attention_layernorm.weight"}, &L::ffn_norm};

inline constexpr TensorRow kQuery = {{"blk.{}.attn_q.weight"}, {"model.layers.{}.self_attn.q_proj.weight"}, &L::query};
inline constexpr TensorRow kKey = {{"blk.{}.attn_k.weight"}, {"model.layers.{}.self_attn.k_proj.weight"}, &L::key};
inline constexpr TensorRow kValue = {{"blk.{}.attn_v.weight"}, {"model.layers.{}.self_attn.v_proj.weight"}, &L::value};
inline constexpr TensorRow kAttentionOutput = {
    {"blk.{}.attn_output.weight"}, {"model.layers.{}.self_attn.o_proj.weight"}, &L::attention_output};
inline constexpr TensorRow kQueryBias = {
    {"blk.{}.attn_q.bias"}, {"model.layers.{}.self_attn.q_proj.bias"}, &L::query_bias};
inline constexpr TensorRow kKeyBias = {{"blk.{}.attn_k.bias"}, {"model.layers.{}.self_attn.k_proj.bias"}, &L::key_bias};
inline constexpr TensorRow kValueBias = {
    {"blk.{}.attn_v.bias"}, {"model.layers.{}.self_attn.v_proj.bias"}, &L::value_bias};
inline constexpr TensorRow kAttentionOutputBias = {
    {"blk.{}.attn_output.bias"}, {"model.layers.{}.self_attn.o_proj.bias"}, &L::attention_output_bias};
inline constexpr TensorRow kQueryNorm = {
    {"blk.{}.attn_q_norm.weight"}, {"model.layers.{}.self_attn.q_norm.weight"}, &L::query_norm};
inline constexpr TensorRow kKeyNorm = {
    {"blk.{}.attn_k_norm.weight"}, {"model.layers.{}.self_attn.k_norm.weight"}, &L::key_norm};

inline constexpr TensorRow kFfnGate = {
    {"blk.{}.ffn_gate.weight"}, {"model.layers.{}.mlp.gate_proj.weight"}, &L::ffn_gate};
inline constexpr TensorRow kFfnUp = {{"blk.{}.ffn_up.weight"}, {"model.layers.{}.mlp.up_proj.weight"}, &L::ffn_up};
inline constexpr TensorRow kFfnDown = {
    {"blk.{}.ffn_down.weight"}, {"model.layers.{}.mlp.down_proj.weight"}, &L::ffn_down};
inline constexpr TensorRow kFfnGateBias = {
    {"blk.{}.ffn_gate.bias"}, {"model.layers.{}.mlp.gate_proj.bias"}, &L::ffn_gate_bias};
inline constexpr TensorRow kFfnUpBias = {{"blk.{}.ffn_up.bias"}, {"model.layers.{}.mlp.up_proj.bias"}, &L::ffn_up_bias};
inline constexpr TensorRow kFfnDownBias = {
    {"blk.{}.ffn_down.bias"}, {"model.layers.{}.mlp.down_proj.bias"}, &L::ffn_down_bias};

inline constexpr TensorRow kRouter = {{"blk.{}.ffn_gate_inp.weight"}, {"model.layers.{}.mlp.gate.weight"}, &L::router};
inline constexpr TensorRow kExpertGate = {
    {"blk.{}.ffn_gate_exps.weight"}, {"model.layers.{}.mlp.experts.{e}.gate_proj.weight"}, &L::expert_gate};
inline constexpr TensorRow kExpertUp = {
    {"blk.{}.ffn_up_exps.weight"}, {"model.layers.{}.mlp.experts.{e}.up_proj.weight"}, &L::expert_up};
inline constexpr TensorRow kExpertDown = {
    {"blk.{}.ffn_down_exps.weight"}, {"model.layers.{}.mlp.experts.{e}.down_proj.weight"}, &L::expert_down};

}  // namespace candor::rows

#endif  // CANDOR_MODEL_STANDARD_ROWS_H_
