#include "model/model.h"

#include "model/family.h"
#include "model/loader.h"
#include "model/quantization_config.h"

namespace candor {
namespace {

ModelConfig ValidConfig(const FamilyMapping& family, const Checkpoint& checkpoint, uint32_t context_limit) {
  QuantizationOf(checkpoint);  // refuses what would be misread
  ModelConfig config = family.configure(checkpoint);
  ValidateConfig(config, checkpoint.metadata.source());
  LimitContext(context_limit, config);
  return config;
}

}  // namespace

ModelConfig ConfigOf(const Checkpoint& checkpoint, uint32_t context_limit) {
  return ValidConfig(FamilyOf(checkpoint), checkpoint, context_limit);
}

Model LoadModel(const Checkpoint& checkpoint, ThreadPool& pool, const LoadModelOptions& options) {
  const FamilyMapping family = FamilyOf(checkpoint);
  Model model;
  model.config = ValidConfig(family, checkpoint, options.context_limit);
  LoadWeights(checkpoint, family.tensors, pool, options, model);
  return model;
}

}  // namespace candor
