#include "cli/load_model.h"

#include <utility>

#include "base/error.h"
#include "cli/progress.h"
#include "format/gguf.h"

namespace candor {

LanguageModel LoadSealed(ModelFiles files, const ComputeOptions& options) {
  if (files.format != ModelFiles::Format::kGguf) {
    throw UnsupportedError(files.name + ": a folder of safetensors; this version computes .gguf files");
  }
  Progress progress(files.name, ProgressUnit::kBytes, StderrIsTerminal());
  LoadOptions load;
  load.threads = static_cast<int>(options.threads);
  load.isa = options.isa;
  load.progress = [&](uint64_t done, uint64_t total) { progress.Update(done, total); };
  return LanguageModel::Load(OpenGguf(std::move(files.files)), load);
}

}  // namespace candor
