// Runs steps through the model's decoder.
#ifndef CANDOR_ENGINE_DECODER_RUNNER_H_
#define CANDOR_ENGINE_DECODER_RUNNER_H_

#include "base/thread_pool.h"
#include "engine/runner.h"
#include "kernels/kernel_table.h"
#include "model/decoder.h"
#include "model/model.h"

namespace candor {

class DecoderRunner : public Runner {
 public:
  // Keeps references to `model`, `kernels` and `pool`. A step has at most `options.max_rows` rows.
  DecoderRunner(const Model& model, const KernelTable& kernels, ThreadPool& pool, KvType kv,
                const DecoderOptions& options)
      : model_(model), layout_(model.config, kv), decoder_(model, layout_, kernels, pool, options) {}

  size_t vocabulary() const override { return model_.config.vocabulary; }
  size_t hidden_size() const override { return model_.config.hidden; }
  uint32_t context_length() const override { return model_.config.context_length; }
  const std::vector<KvGroup>& kv_groups() const override { return layout_.groups(); }
  StepResult Run(std::span<const ScheduledRows> rows) override;

 private:
  const Model& model_;
  KvLayout layout_;
  Decoder decoder_;
  Batch batch_;
  BatchResult result_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_DECODER_RUNNER_H_
