#include "kernels/generic/table.h"
#include "kernels/isa/tables.h"
#include "kernels/isa/vec_avx512.h"

namespace candor::isa {

const KernelTable kAvx512Vnni = MakeTable<Avx512<true>>("avx512-vnni");

}  // namespace candor::isa
