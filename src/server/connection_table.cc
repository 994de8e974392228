#include "server/connection_table.h"

#include <cstring>
#include <functional>

namespace candor {

size_t ConnectionTable::NetworkHash::operator()(const Network& network) const {
  uint64_t bits;
  std::memcpy(&bits, network.data(), sizeof bits);
  return std::hash<uint64_t>()(bits * 0x9E3779B97F4A7C15u);
}

std::optional<ConnectionTable::Handle> ConnectionTable::Add(TimedConnection* connection, const Network& network,
                                                            Time deadline) {
  const auto known = per_network_.find(network);
  if (known != per_network_.end() && known->second >= max_per_network_) return std::nullopt;
  if (size() >= max_connections_) {
    std::list<Slot>& candidates = list(Stage::kIdle).empty() ? list(Stage::kHead) : list(Stage::kIdle);
    if (candidates.empty()) return std::nullopt;
    ++evicted_;
    candidates.front().connection->Evict();
  }
  ++per_network_[network];
  std::list<Slot>& head = list(Stage::kHead);
  return head.insert(head.end(), Slot{connection, network, Stage::kHead, deadline});
}

void ConnectionTable::Move(Handle handle, Stage stage, Time deadline) {
  handle->deadline = deadline;
  if (handle->stage == stage && stage == Stage::kBusy) return;
  std::list<Slot>& to = list(stage);
  to.splice(to.end(), list(handle->stage), handle);
  handle->stage = stage;
}

void ConnectionTable::Remove(Handle handle) {
  const auto known = per_network_.find(handle->network);
  if (--known->second == 0) per_network_.erase(known);
  list(handle->stage).erase(handle);
}

void ConnectionTable::Sweep(Time now) {
  for (const Stage stage : {Stage::kIdle, Stage::kHead, Stage::kBusy}) {
    for (Slot& slot : list(stage)) {
      if (slot.deadline > now) {
        // The others of these have later ones.
        if (stage != Stage::kBusy && slot.deadline != Time::max()) break;
        continue;
      }
      slot.deadline = Time::max();
      slot.connection->OnDeadline();
    }
  }
}

void ConnectionTable::EvictAll(Stage stage) {
  while (!list(stage).empty()) list(stage).front().connection->Evict();
}

}  // namespace candor
