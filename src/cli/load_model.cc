#include "cli/load_model.h"

#include <cstdio>
#include <utility>

#include "base/error.h"
#include "cli/progress.h"
#include "format/gguf.h"
#include "ipc/seal.h"

namespace candor {

void SealForModel() {
  if (const SealReport seal = SealProcess(); !seal.sealed()) {
    std::fprintf(stderr, "candor: %s\n", seal.Describe().c_str());
  }
}

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
