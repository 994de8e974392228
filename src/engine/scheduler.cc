#include "engine/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace candor {

Scheduler::Scheduler(KvCache& cache, uint32_t chunk, uint32_t max_sequences)
    : cache_(cache), chunk_(chunk), max_sequences_(max_sequences) {}

void Scheduler::Add(Sequence* sequence) { waiting_.push_back(sequence); }

void Scheduler::Remove(Sequence* sequence) {
  std::erase(running_, sequence);
  std::erase(waiting_, sequence);
}

void Scheduler::PutOffLast() {
  Sequence* last = running_.back();
  running_.pop_back();
  cache_.Release(last->kv);
  last->computed = 0;
  waiting_.push_front(last);
}

// Prepares pages up to `end`, putting off later requests as long as that is needed. False when `sequence` itself had
// to be put off.
bool Scheduler::MakeRoom(Sequence* sequence, uint32_t end) {
  while (!cache_.Prepare(sequence->kv, sequence->computed, end)) {
    const bool itself = running_.back() == sequence;
    CHECK(!itself || running_.size() > 1);  // alone, every request fits
    PutOffLast();
    if (itself) return false;
  }
  return true;
}

std::vector<ScheduledRows> Scheduler::Next() {
  std::vector<ScheduledRows> rows;
  uint32_t left = chunk_;
  const auto schedule = [&](Sequence* sequence) {
    const bool decodes = sequence->pending() == 1;
    const uint32_t count = decodes ? 1 : std::min(sequence->pending(), left);
    if (count == 0 || !MakeRoom(sequence, sequence->computed + count)) return false;
    if (!decodes) left -= count;
    rows.push_back({sequence, sequence->computed, count});
    return true;
  };
  // By index: MakeRoom takes requests off the end, never those that are scheduled already.
  for (size_t i = 0; i < running_.size(); ++i) schedule(running_[i]);

  // What the running requests hold once their pending tokens and one more are computed.
  const auto needs = [&](const Sequence* sequence) {
    return cache_.BytesFor(static_cast<uint32_t>(sequence->tokens.size()) + 1, chunk_);
  };
  uint64_t promised = 0;
  for (const Sequence* sequence : running_) promised += needs(sequence);
  while (!waiting_.empty() && running_.size() < max_sequences_ && left > 0) {
    Sequence* next = waiting_.front();
    promised += needs(next);
    if (!running_.empty() && promised > cache_.budget_bytes()) break;
    waiting_.pop_front();
    running_.push_back(next);
    if (!schedule(next)) break;
  }
  return rows;
}

}  // namespace candor
