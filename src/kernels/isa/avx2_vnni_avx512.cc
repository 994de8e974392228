#include "kernels/generic/table.h"
#include "kernels/isa/tables.h"
#include "kernels/isa/vec_avx2.h"

namespace candor::isa {

const KernelTable kAvx2VnniAvx512 = MakeTable<Avx2<true>>("avx2-vnni");

}  // namespace candor::isa
