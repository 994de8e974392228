// A model's weights under the decoder's own names. Which tensor of a file goes where is a family's business.
#ifndef CANDOR_MODEL_WEIGHTS_H_
#define CANDOR_MODEL_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "kernels/packed_matrix.h"
#include "model/config.h"

namespace candor {

// Empty vectors and matrices mean that the model does not have the part: which it has follows from the configuration
// (PartShape in model/tensor_table.h).
struct LayerWeights {
  std::vector<float> attention_norm, attention_norm_bias;  // [hidden], before attention
  PackedMatrix query;                                      // [heads * head_dim, hidden]
  PackedMatrix key;                                        // [kv_heads * head_dim, hidden]
  PackedMatrix value;                                      // [kv_heads * value_dim, hidden]
  std::vector<float> query_bias, key_bias, value_bias;
  std::vector<float> query_norm, key_norm;  // [head_dim] or [heads * head_dim]: RMS norms before RoPE
  std::vector<float> sinks;                 // [heads]
  PackedMatrix attention_output;            // [hidden, heads * value_dim]
  std::vector<float> attention_output_bias;
  std::vector<float> post_attention_norm;  // [hidden], of what attention adds

  // Latent attention. `query` is [heads * (nope_dim + rope_dim), hidden] there, or query_up with an inner width of
  // query_rank; attention_output takes heads * LatentConfig::value_dim.
  PackedMatrix query_down;                  // [query_rank, hidden]
  std::vector<float> query_down_norm;       // [query_rank]
  PackedMatrix query_up;                    // [heads * (nope_dim + rope_dim), query_rank]
  PackedMatrix latent_down;                 // [rank + rope_dim, hidden]
  std::vector<float> latent_norm;           // [rank]
  std::vector<PackedMatrix> latent_keys;    // of each head [rank, nope_dim]: folds its query into the latent
  std::vector<PackedMatrix> latent_values;  // of each head [value_dim, rank]

  std::vector<float> ffn_norm, ffn_norm_bias;  // [hidden], before the feed-forward network
  PackedMatrix ffn_gate;                       // [ffn_dim, hidden]
  PackedMatrix ffn_up;                         // [ffn_dim, hidden]
  PackedMatrix ffn_down;                       // [hidden, ffn_dim]
  std::vector<float> ffn_gate_bias, ffn_up_bias, ffn_down_bias;

  // A mixture of experts.
  PackedMatrix router;                                  // [experts, hidden]
  std::vector<float> router_bias;                       // [experts], a part of the logits
  std::vector<float> router_correction;                 // [experts], for the choice alone
  std::vector<PackedMatrix> expert_gate, expert_up;     // of each expert [ffn_dim, hidden]
  std::vector<PackedMatrix> expert_down;                // of each expert [hidden, ffn_dim]
  std::vector<float> expert_gate_bias, expert_up_bias;  // [experts * ffn_dim]
  std::vector<float> expert_down_bias;                  // [experts * hidden]
  PackedMatrix shared_gate, shared_up;                  // [shared_ffn_dim, hidden]
  PackedMatrix shared_down;                             // [hidden, shared_ffn_dim]

  std::vector<float> post_ffn_norm;  // [hidden], of what the network adds
};

// What a prediction layer has besides a layer's weights (DeepSeek-V3, section 2.2).
struct PredictionWeights {
  std::vector<float> embedding_norm, hidden_norm;  // [hidden]
  PackedMatrix projection;                         // [hidden, 2 * hidden]
  std::vector<float> output_norm;                  // [hidden]
  PackedMatrix token_embedding, output;            // [vocabulary, hidden]; empty where they are the model's own
};

struct ModelWeights {
  PackedMatrix token_embedding;      // [vocabulary, hidden]
  PackedMatrix position_embedding;   // [learned_positions, hidden]
  std::vector<LayerWeights> layers;  // those of ModelConfig::prediction_layers last
  std::vector<PredictionWeights> predictions;
  std::vector<float> output_norm, output_norm_bias;  // [hidden]
  PackedMatrix output;                               // [vocabulary, hidden]; empty when tied to token_embedding
  std::vector<float> output_bias;                    // [vocabulary]

  const PackedMatrix& head() const { return output.empty() ? token_embedding : output; }
};

// The matrices that every token is multiplied with in one layer; of the experts as many as a token uses (they are
// alike).
std::vector<const PackedMatrix*> MatricesPerToken(const LayerConfig& config, const LayerWeights& weights);

// Bytes of packed weights that one decoded token reads.
uint64_t WeightBytesPerToken(const ModelConfig& config, const ModelWeights& weights);

}  // namespace candor

#endif  // CANDOR_MODEL_WEIGHTS_H_
