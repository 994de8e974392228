#include "model/model.h"

#include "model/family.h"
#include "model/loader.h"

namespace candor {
namespace {

ModelConfig ValidConfig(const Family& family, const Checkpoint& checkpoint) {
  ModelConfig config = family.configure(checkpoint);
  ValidateConfig(config, checkpoint.metadata.source());
  return config;
}

}  // namespace

ModelConfig ConfigOf(const Checkpoint& checkpoint) { return ValidConfig(FamilyOf(checkpoint.metadata), checkpoint); }

Model LoadModel(const Checkpoint& checkpoint, ThreadPool& pool, const LoadProgress& progress) {
  const Family& family = FamilyOf(checkpoint.metadata);
  Model model;
  model.config = ValidConfig(family, checkpoint);
  LoadWeights(checkpoint, family.tensors, pool, progress, model);
  return model;
}

}  // namespace candor
