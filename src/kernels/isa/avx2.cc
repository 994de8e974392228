#include "kernels/generic/table.h"
#include "kernels/isa/tables.h"
#include "kernels/isa/vec_avx2.h"

namespace candor::isa {

const KernelTable kAvx2 = MakeTable<Avx2<false>>("avx2");

}  // namespace candor::isa
