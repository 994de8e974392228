#include "kernels/generic/table.h"
#include "kernels/isa/tables.h"
#include "kernels/isa/vec_avx512.h"

namespace candor::isa {

const KernelTable kAvx512 = MakeTable<Avx512<false>>("avx512");

}  // namespace candor::isa
