#include "cli/sealing.h"

#include "cli/standard_output.h"
#include "ipc/seal.h"

namespace candor {

void SealForModel() {
  if (const SealReport seal = SealProcess(); !seal.sealed()) {
    Note("candor: " + seal.Describe());
  }
}

}  // namespace candor
