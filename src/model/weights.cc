#include "model/weights.h"

#include "base/check.h"

namespace candor {

std::vector<const PackedMatrix*> MatricesPerToken(const LayerConfig& config, const LayerWeights& weights) {
  std::vector<const PackedMatrix*> matrices = {
      &weights.query,    &weights.key,         &weights.value,     &weights.attention_output, &weights.query_down,
      &weights.query_up, &weights.latent_down, &weights.ffn_gate,  &weights.ffn_up,           &weights.ffn_down,
      &weights.router,   &weights.shared_gate, &weights.shared_up, &weights.shared_down};
  for (const auto* heads : {&weights.latent_keys, &weights.latent_values}) {
    for (const PackedMatrix& matrix : *heads) matrices.push_back(&matrix);
  }
  for (const auto* experts : {&weights.expert_gate, &weights.expert_up, &weights.expert_down}) {
    CHECK(experts->empty() || config.experts.used <= experts->size());
    for (uint32_t e = 0; e < config.experts.used; ++e) matrices.push_back(&(*experts)[e]);
  }
  std::erase_if(matrices, [](const PackedMatrix* matrix) { return matrix->empty(); });
  return matrices;
}

uint64_t WeightBytesPerToken(const ModelConfig& config, const ModelWeights& weights) {
  uint64_t bytes = weights.head().bytes();
  for (size_t i = 0; i < config.layers.size(); ++i) {
    for (const PackedMatrix* matrix : MatricesPerToken(config.layers[i], weights.layers[i])) bytes += matrix->bytes();
  }
  return bytes;
}

}  // namespace candor
