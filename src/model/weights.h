// A model's weights under the decoder's own names. Which tensor of a file goes where is a family's business.
#ifndef CANDOR_MODEL_WEIGHTS_H_
#define CANDOR_MODEL_WEIGHTS_H_

#include <array>
#include <vector>

#include "kernels/packed_matrix.h"

namespace candor {

// Empty vectors and matrices mean that the model does not have the part.
struct LayerWeights {
  std::vector<float> attention_norm;  // [hidden], before attention
  PackedMatrix query;                 // [heads * head_dim, hidden]
  PackedMatrix key;                   // [kv_heads * head_dim, hidden]
  PackedMatrix value;                 // [kv_heads * value_dim, hidden]
  std::vector<float> query_bias, key_bias, value_bias;
  std::vector<float> query_norm, key_norm;  // [head_dim], RMS norm of each head before RoPE
  PackedMatrix attention_output;            // [hidden, heads * value_dim]
  std::vector<float> attention_output_bias;
  std::vector<float> post_attention_norm;  // [hidden], of what attention adds
  std::vector<float> ffn_norm;             // [hidden], before the feed-forward network
  PackedMatrix ffn_gate;                   // [ffn_dim, hidden]
  PackedMatrix ffn_up;                     // [ffn_dim, hidden]
  PackedMatrix ffn_down;                   // [hidden, ffn_dim]
  std::vector<float> ffn_gate_bias, ffn_up_bias, ffn_down_bias;
  std::vector<float> post_ffn_norm;  // [hidden], of what the network adds

  // Those that every token is multiplied with.
  std::array<const PackedMatrix*, 7> Matrices() const {
    return {&query, &key, &value, &attention_output, &ffn_gate, &ffn_up, &ffn_down};
  }
};

struct ModelWeights {
  PackedMatrix token_embedding;  // [vocabulary, hidden]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;  // [hidden]
  PackedMatrix output;             // [vocabulary, hidden]; empty when tied to token_embedding
  std::vector<float> output_bias;  // [vocabulary]

  const PackedMatrix& head() const { return output.empty() ? token_embedding : output; }
};

}  // namespace candor

#endif  // CANDOR_MODEL_WEIGHTS_H_
