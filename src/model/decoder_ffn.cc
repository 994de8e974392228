// A layer's feed-forward network, for one group of rows or for the groups that go to different experts.
#include "model/decoder_impl.h"

namespace candor {

void Decoder::Impl::FfnBlock(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  if (layer.config.experts.count != 0) return ExpertsBlock(worker, index, rows);
  ExpertPlan& plan = plans[static_cast<size_t>(worker.rank())];
  plan.groups.assign(1, FfnGroup{.gate = layer.config.gated ? &layer.w.ffn_gate : nullptr,
                                 .up = &layer.w.ffn_up,
                                 .down = &layer.w.ffn_down,
                                 .gate_bias = layer.gate_bias.get(),
                                 .up_bias = layer.up_bias.get(),
                                 .down_bias = layer.down_bias.get(),
                                 .in_kinds = &layer.ffn_in,
                                 .out_kinds = &layer.ffn_out,
                                 .in = &StreamOf(worker, rows).activations,
                                 .first_in = 0,
                                 .between = &ffn_activations,
                                 .first_between = 0,
                                 .gate_out = gate[0],
                                 .up_out = up[0],
                                 .stride = OutputStride(layer.config.ffn_dim),
                                 .out = added[0],
                                 .out_stride = added.stride(),
                                 .rows = rows.count()});
  RunGroups(worker, layer.config, plan);
}

namespace {

// Calls `use(group, part)` for the parts of all groups that this thread comes to.
template <class Use>
void ForGroupParts(Worker& worker, const ExpertPlan& plan, Use use) {
  size_t total = 0;
  for (const ProductParts& parts : plan.parts) total += parts.size();
  // A thread's parts come in order, so that the group is mostly the one before.
  size_t group = 0;
  size_t first = 0;
  worker.ForParts(total, 1, [&](Range item) {
    if (item.begin < first) group = first = 0;
    while (item.begin >= first + plan.parts[group].size()) first += plan.parts[group++].size();
    use(plan.groups[group], plan.parts[group][item.begin - first]);
  });
}

}  // namespace

// Both products of all groups, shared out over the threads by their weights.
void Decoder::Impl::RunGroups(Worker& worker, const LayerConfig& layer, ExpertPlan& plan) {
  plan.parts.clear();
  for (const FfnGroup& group : plan.groups) {
    plan.parts.emplace_back(kernels, group.rows, Units(*group.up), *group.up, *group.in_kinds);
  }
  // A part has the same units of gate and up, and goes on with them until their product is an input.
  ForGroupParts(worker, plan, [&](const FfnGroup& group, const ProductPart& part) {
    if (group.gate != nullptr) {
      Multiply(kernels, part, *group.in, *group.in_kinds, {group.gate, group.gate_bias, group.gate_out, group.stride},
               group.first_in);
    }
    Multiply(kernels, part, *group.in, *group.in_kinds, {group.up, group.up_bias, group.up_out, group.stride},
             group.first_in);
    Activate(layer, group, part);
  });
  worker.Barrier();
  plan.parts.clear();
  for (const FfnGroup& group : plan.groups) {
    plan.parts.emplace_back(kernels, group.rows, Units(*group.down), *group.down, *group.out_kinds);
  }
  ForGroupParts(worker, plan, [&](const FfnGroup& group, const ProductPart& part) {
    Multiply(kernels, part, *group.between, *group.out_kinds,
             {group.down, group.down_bias, group.out, group.out_stride}, group.first_between);
  });
  worker.Barrier();
}

// The activation of a part's units, and the inputs of the second product that they are.
void Decoder::Impl::Activate(const LayerConfig& layer, const FfnGroup& group, const ProductPart& part) {
  const size_t width = group.up->rows();
  const Range columns{part.units.begin * kUnitOutputs, std::min(part.units.end * kUnitOutputs, width)};
  const auto n = static_cast<int>(columns.end - columns.begin);
  float* out = group.gate != nullptr ? group.gate_out : group.up_out;
  ForTiles(part.rows, [&](int offset, int count) {
    const auto first = static_cast<size_t>(part.first_row + offset);
    for (size_t row = first; row < first + static_cast<size_t>(count); ++row) {
      const size_t at = row * group.stride + columns.begin;
      if (group.gate == nullptr) {
        kernels.gelu(group.up_out + at, n, out + at);
      } else if (layer.activation == Activation::kSilu) {
        kernels.silu_multiply(group.gate_out + at, group.up_out + at, n, out + at);
      } else if (layer.activation == Activation::kGeluTanh) {
        kernels.gelu_multiply(group.gate_out + at, group.up_out + at, n, out + at);
      } else {
        kernels.clamped_silu_multiply(group.gate_out + at, group.up_out + at, n, layer.activation_alpha,
                                      layer.activation_limit, out + at);
      }
    }
    group.between->ConvertRows(*group.out_kinds, out + first * group.stride, group.stride, width,
                               group.first_between + first, count, columns);
  });
}

}  // namespace candor
