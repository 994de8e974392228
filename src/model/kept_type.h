// What a weight is kept as in memory: the loader's rule, and the plan's.
#ifndef CANDOR_MODEL_KEPT_TYPE_H_
#define CANDOR_MODEL_KEPT_TYPE_H_

#include <cstdint>
#include <optional>

#include "kernels/tensor_type.h"
#include "model/tensor_table.h"

namespace candor {

// The type of a matrix that is `part` and has `columns` inputs, when files have it as `stored`: that type itself,
// unless
//  - it is `transposed` and not a float, since blocks of the file's rows are not blocks of the columns that these
//    become: then F32 for F8_E4M3, and Q8_0, or F16 where its blocks do not divide the columns;
//  - `quantize` is asked for: see QuantizedType(). Routers and learned positions are never quantised, and embeddings
//  and
//    output heads to Q6_K where Q4_K is asked for: their errors are those of every token.
TensorType KeptType(const Part& part, TensorType stored, bool transposed, uint64_t columns,
                    std::optional<TensorType> quantize);

}  // namespace candor

#endif  // CANDOR_MODEL_KEPT_TYPE_H_
