// From the files of a LoadModelMessage to a model that answers.
#ifndef CANDOR_IPC_MODEL_LOADING_H_
#define CANDOR_IPC_MODEL_LOADING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "engine/engine_options.h"
#include "format/checkpoint.h"
#include "ipc/hosted_model.h"
#include "ipc/messages.h"
#include "model/config.h"

namespace candor {

// A model needs more memory than it is given.
class MemoryError : public LimitError {
 public:
  MemoryError(const std::string& message, uint64_t needed_bytes) : LimitError(message), needed_bytes_(needed_bytes) {}
  uint64_t needed_bytes() const { return needed_bytes_; }

 private:
  uint64_t needed_bytes_;
};

// How the memory that a message gives is divided: context and kv_bytes of the engine. Where the message names no
// context it is the model's own, or the longest that the memory holds, down to kLeastContext. `weight_bytes` are those
// in memory. Throws MemoryError with the least that would do, and does not tell what there is.
inline constexpr uint32_t kLeastContext = 1024;
EngineOptions DivideMemory(const LoadModelMessage& message, const ModelConfig& config, uint64_t weight_bytes);

// Refuses what does not fit before a tensor is read, then loads. The files are those that came with the message. Throws
// MemoryError, the errors of LanguageModel::Load(), and FormatError for a file that is not the recorded one.
struct LoadedModel {
  std::unique_ptr<HostedModel> model;
  ModelFacts facts;
};
LoadedModel LoadHostedModel(const LoadModelMessage& message, std::vector<File> files, const LoadProgress& progress);

}  // namespace candor

#endif  // CANDOR_IPC_MODEL_LOADING_H_
