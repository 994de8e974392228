#include "kernels/probe.h"

namespace candor {

bool GivesKnownAnswers(const KernelTable&) { return true; }

}  // namespace candor
