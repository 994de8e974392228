// The tables of the instruction-set objects; which of them exist is decided by the compiler's target.
#ifndef CANDOR_KERNELS_ISA_TABLES_H_
#define CANDOR_KERNELS_ISA_TABLES_H_

#include "kernels/kernel_table.h"

namespace candor::isa {

extern const KernelTable kScalar;
extern const KernelTable kAvx2;
extern const KernelTable kAvx2Vnni;        // the VEX instruction of AVX-VNNI
extern const KernelTable kAvx2VnniAvx512;  // the same kernels with AVX-512's encoding of the instruction
extern const KernelTable kAvx512;
extern const KernelTable kAvx512Vnni;

}  // namespace candor::isa

#endif  // CANDOR_KERNELS_ISA_TABLES_H_
