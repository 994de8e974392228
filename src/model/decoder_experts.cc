// A mixture of experts: the rows of a batch are grouped by expert, so that each expert's weights are read once a step
// however many rows it has, and all groups' products are shared out together. A row's outputs are added in the order in
// which the router chose its experts, whatever the grouping.
#include <algorithm>
#include <array>

#include "model/decoder_impl.h"

namespace candor {

void Decoder::Impl::ExpertsBlock(Worker& worker, uint32_t index, const BatchRows& rows) {
  ChooseExperts(worker, index, rows);
  PlanExperts(worker, index, rows);
  if (rows.count() > 1) GatherInputs(worker, index, rows);
  RunGroups(worker, layers[index].config, plans[static_cast<size_t>(worker.rank())]);
  AddExperts(worker, index, rows);
}

void Decoder::Impl::ChooseExperts(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  const ExpertsConfig& experts = layer.config.experts;
  const std::array<Product, 1> router{
      {{&layer.w.router, layer.router_bias.get(), router_logits[0], router_logits.stride()}}};
  Multiply(kernels, worker, StreamOf(worker, rows).activations, layer.ffn_in, rows.count(), router);
  worker.Barrier();
  RouterRoom& room = plans[static_cast<size_t>(worker.rank())].room;
  const Range share = worker.Share(rows.source.size());
  for (size_t row = share.begin; row < share.end; ++row) {
    const size_t at = row * experts.used;
    Route(experts, {router_logits[row], experts.count}, layer.w.router_correction, room,
          std::span(chosen).subspan(at, experts.used), std::span(chosen_weights).subspan(at, experts.used));
  }
  worker.Barrier();
}

// Counts the rows of each expert, gives every choice its place, and makes a group of each expert that has rows.
void Decoder::Impl::PlanExperts(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  const ExpertsConfig& experts = layer.config.experts;
  Stream& stream = StreamOf(worker, rows);
  ExpertPlan& plan = plans[static_cast<size_t>(worker.rank())];
  const size_t choices = rows.source.size() * experts.used;
  plan.first.assign(experts.count + 1, 0);
  for (size_t i = 0; i < choices; ++i) ++plan.first[chosen[i] + 1];
  for (size_t e = 0; e < experts.count; ++e) plan.first[e + 1] += plan.first[e];
  plan.rows.resize(choices);
  plan.places.resize(choices);
  std::vector<size_t>& next = plan.next;
  next.assign(plan.first.begin(), plan.first.end() - 1);
  for (size_t i = 0; i < choices; ++i) {
    plan.places[i] = next[chosen[i]]++;
    plan.rows[plan.places[i]] = static_cast<uint32_t>(i / experts.used);
  }

  const bool single = rows.count() == 1;  // its inputs serve all of its experts
  const size_t stride = OutputStride(experts.ffn_dim);
  plan.groups.clear();
  for (uint32_t e = 0; e < experts.count; ++e) {
    const size_t first = plan.first[e];
    if (plan.first[e + 1] == first) continue;
    plan.groups.push_back({.gate = &layer.w.expert_gate[e],
                           .up = &layer.w.expert_up[e],
                           .down = &layer.w.expert_down[e],
                           .gate_bias = layer.expert_gate_bias.get(e),
                           .up_bias = layer.expert_up_bias.get(e),
                           .down_bias = layer.expert_down_bias.get(e),
                           .in_kinds = &layer.experts_in,
                           .out_kinds = &layer.experts_out,
                           .in = single ? &stream.activations : &expert_inputs,
                           .first_in = single ? 0 : first,
                           .between = &ffn_activations,
                           .first_between = first,
                           .gate_out = gate[0] + first * stride,
                           .up_out = up[0] + first * stride,
                           .stride = stride,
                           .out = expert_out[first],
                           .out_stride = expert_out.stride(),
                           .rows = static_cast<int>(plan.first[e + 1] - first)});
  }
  if (experts.shared_ffn_dim == 0) return;
  plan.groups.push_back({.gate = &layer.w.shared_gate,
                         .up = &layer.w.shared_up,
                         .down = &layer.w.shared_down,
                         .gate_bias = nullptr,
                         .up_bias = nullptr,
                         .down_bias = nullptr,
                         .in_kinds = &layer.ffn_in,
                         .out_kinds = &layer.ffn_out,
                         .in = &stream.activations,
                         .first_in = 0,
                         .between = &shared_activations,
                         .first_between = 0,
                         .gate_out = shared_gate[0],
                         .up_out = shared_up[0],
                         .stride = shared_gate.stride(),
                         .out = shared_out[0],
                         .out_stride = shared_out.stride(),
                         .rows = rows.count()});
}

// The inputs of every expert's rows, tile by tile.
void Decoder::Impl::GatherInputs(Worker& worker, uint32_t index, const BatchRows& rows) {
  const DecoderLayer& layer = layers[index];
  Stream& stream = StreamOf(worker, rows);
  const auto rank = static_cast<size_t>(worker.rank());
  const ExpertPlan& plan = plans[rank];
  Rows& room = tile_rows[rank];
  size_t tile = 0;
  for (size_t e = 0; e < layer.config.experts.count; ++e) {
    ForTiles(static_cast<int>(plan.first[e + 1] - plan.first[e]), [&](int offset, int count) {
      if (tile++ % static_cast<size_t>(worker.size()) != rank) return;
      const size_t place = plan.first[e] + static_cast<size_t>(offset);
      for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
        std::copy_n(stream.normed[plan.rows[place + i]], config.hidden, room[i]);
      }
      expert_inputs.ConvertRows(layer.experts_in, room[0], room.stride(), config.hidden, place, count,
                                {0, config.hidden});
    });
  }
  worker.Barrier();
}

// What a row's experts give, weighed and added in the order of their choice, and last the shared network's.
void Decoder::Impl::AddExperts(Worker& worker, uint32_t index, const BatchRows& rows) {
  const ExpertsConfig& experts = layers[index].config.experts;
  const ExpertPlan& plan = plans[static_cast<size_t>(worker.rank())];
  constexpr size_t kColumns = 512;
  const size_t chunks = (config.hidden + kColumns - 1) / kColumns;
  const Range share = worker.Share(rows.source.size() * chunks);
  for (size_t i = share.begin; i < share.end; ++i) {
    const size_t row = i / chunks;
    const size_t column = i % chunks * kColumns;
    const auto n = static_cast<int>(std::min(kColumns, config.hidden - column));
    float* sum = added[row] + column;
    std::fill_n(sum, n, 0.0f);
    for (size_t k = 0; k < experts.used; ++k) {
      const size_t choice = row * experts.used + k;
      kernels.add_scaled(sum, expert_out[plan.places[choice]] + column, chosen_weights[choice], n);
    }
    if (experts.shared_ffn_dim != 0) kernels.add(sum, shared_out[row] + column, n);
  }
  worker.Barrier();
}

}  // namespace candor
