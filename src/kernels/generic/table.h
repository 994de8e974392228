// The kernel table of a vector type.
#ifndef CANDOR_KERNELS_GENERIC_TABLE_H_
#define CANDOR_KERNELS_GENERIC_TABLE_H_

#include "kernels/generic/activations.h"
#include "kernels/generic/attention.h"
#include "kernels/generic/elementwise.h"
#include "kernels/generic/exponentials.h"
#include "kernels/generic/kv_page.h"
#include "kernels/generic/matmul.h"
#include "kernels/generic/peaks.h"
#include "kernels/generic/sampling_weights.h"
#include "kernels/kernel_table.h"

namespace candor {
namespace {

template <class V>
constexpr KernelTable MakeTable(const char* name) {
  return {.name = name,
          .max_tile = V::kMaxTile,
          .make_activations = MakeActivations<V>,
          .matmul = Matmul<V>,
          .rms_norm = RmsNorm<V>,
          .layer_norm = LayerNorm<V>,
          .rope = Rope<V>,
          .attention = Attention<V>,
          .silu_multiply = SiluMultiply<V>,
          .gelu_multiply = GeluMultiply<V>,
          .clamped_silu_multiply = ClampedSiluMultiply<V>,
          .gelu = GeluRow<V>,
          .add = AddRows<V>,
          .add_scaled = AddScaled<V>,
          .scale = ScaleRow<V>,
          .softcap = SoftcapRow<V>,
          .store_key = StoreKey<V>,
          .store_value = StoreValue<V>,
          .sum_of_weights = SumOfWeights<V>,
          .sum_of_exponentials = SumOfExponentials<V>,
          .dot_burst = DotBurst<V>,
          .read_burst = ReadBurst<V>};
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_TABLE_H_
