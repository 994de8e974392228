#include "model/kept_type.h"

#include "model/weight_rows.h"

namespace candor {

TensorType KeptType(const Part& part, TensorType stored, bool transposed, uint64_t columns,
                    std::optional<TensorType> quantize) {
  TensorType type = stored;
  if (transposed && !IsFloatType(stored)) {
    type = stored == TensorType::kF8_E4M3                          ? TensorType::kF32
           : columns % InfoOf(TensorType::kQ8_0).block_values == 0 ? TensorType::kQ8_0
                                                                   : TensorType::kF16;
  }
  if (!quantize || part == Part(&LayerWeights::router) || part == Part(&ModelWeights::position_embedding)) return type;
  const bool outer = part == Part(&ModelWeights::token_embedding) || part == Part(&ModelWeights::output) ||
                     part == Part(&PredictionWeights::token_embedding) || part == Part(&PredictionWeights::output);
  const bool finer = outer && *quantize == TensorType::kQ4_K;
  return QuantizedType(type, finer ? TensorType::kQ6_K : *quantize, columns);
}

}  // namespace candor
