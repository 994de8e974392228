#include "kernels/generic/table.h"
#include "kernels/isa/tables.h"
#include "kernels/isa/vec_scalar.h"

namespace candor::isa {

const KernelTable kScalar = MakeTable<Scalar>("scalar");

}  // namespace candor::isa
