// The known-answer probe: a table that does not reproduce stored results is not offered.
//
// A processor that computes wrongly, an emulator that lacks a rule, a compiler that contracts a product: all would give
// an answer that nobody else can reproduce, without a word. The probe takes about a millisecond a table.
#ifndef CANDOR_KERNELS_PROBE_H_
#define CANDOR_KERNELS_PROBE_H_

#include <cstdint>

#include "kernels/kernel_table.h"

namespace candor {

// A digest of the bits that every kernel of `table` gives for fixed inputs.
uint64_t ProbeDigest(const KernelTable& table);

// Whether that digest is the stored one: the digest of the definition (docs/numerics.md), to which the tests hold every
// table on many more inputs.
bool GivesKnownAnswers(const KernelTable& table);

}  // namespace candor

#endif  // CANDOR_KERNELS_PROBE_H_
