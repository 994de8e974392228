#include "cli/sealing.h"

#include <cstdio>

#include "ipc/seal.h"

namespace candor {

void SealForModel() {
  if (const SealReport seal = SealProcess(); !seal.sealed()) {
    std::fprintf(stderr, "candor: %s\n", seal.Describe().c_str());
  }
}

}  // namespace candor
