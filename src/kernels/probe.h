// The known-answer probe: a table that does not reproduce stored results is not offered.
#ifndef CANDOR_KERNELS_PROBE_H_
#define CANDOR_KERNELS_PROBE_H_

#include "kernels/kernel_table.h"

namespace candor {

// Runs each kernel of `table` on fixed inputs and compares a digest of all output bits with the stored one, which the
// definition in tests/kernels reproduces.
bool GivesKnownAnswers(const KernelTable& table);

}  // namespace candor

#endif  // CANDOR_KERNELS_PROBE_H_
