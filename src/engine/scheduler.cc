#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace candor {

Scheduler::Scheduler(KvCache& cache, PrefixTree& prefixes, uint32_t chunk, uint32_t max_sequences)
    : cache_(cache), prefixes_(prefixes), chunk_(chunk), max_sequences_(max_sequences) {}

void Scheduler::Add(Sequence* sequence) {
  share_.Enter(sequence->request.user);
  waiting_.push_back(sequence);
}

void Scheduler::Remove(Sequence* sequence) {
  if (std::erase(running_, sequence) + std::erase(waiting_, sequence) > 0) share_.Leave(sequence->request.user);
}

bool Scheduler::ComesBefore(const Sequence* a, const Sequence* b) const {
  const uint64_t count_a = share_.count(a->request.user), count_b = share_.count(b->request.user);
  return count_a != count_b ? count_a < count_b : a->id < b->id;
}

std::vector<const Sequence*> Scheduler::Waiting() const {
  std::vector<const Sequence*> waiting(waiting_.begin(), waiting_.end());
  std::ranges::sort(waiting, [this](const Sequence* a, const Sequence* b) { return ComesBefore(a, b); });
  return waiting;
}

bool Scheduler::IsScheduled(const Sequence* sequence) const {
  return std::ranges::any_of(rows_, [&](const ScheduledRows& rows) { return rows.sequence == sequence; });
}

void Scheduler::PutOff(Sequence* sequence) {
  std::erase(running_, sequence);
  cache_.Release(sequence->kv);
  sequence->computed = 0;
  waiting_.push_back(sequence);
  ++preemptions_;
}

// Prepares pages up to `end`, for which others give way that are not in this step yet. False when `sequence` itself had
// to be put off.
bool Scheduler::MakeRoom(Sequence* sequence, uint32_t end) {
  while (!cache_.Prepare(sequence->kv, sequence->computed, end)) {
    if (prefixes_.Evict()) continue;
    const auto last =
        std::find_if(running_.rbegin(), running_.rend(), [this](const Sequence* s) { return !IsScheduled(s); });
    CHECK(last != running_.rend() && running_.size() > 1);  // alone, every request fits
    Sequence* gives_way = *last;
    PutOff(gives_way);
    if (gives_way == sequence) return false;
  }
  return true;
}

bool Scheduler::Schedule(Sequence* sequence, uint32_t count) {
  if (!MakeRoom(sequence, sequence->computed + count)) return false;
  rows_.push_back({sequence, sequence->computed, count});
  share_.Charge(sequence->request.user, count);
  return true;
}

void Scheduler::ScheduleDecoding() {
  // By index: MakeRoom takes requests off the list, but none before this one.
  for (size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]->pending() == 1) Schedule(running_[i], 1);
  }
}

// Whether a running request is on its way through tokens with which `sequence` begins too.
bool Scheduler::IsBeingComputed(const Sequence* sequence) const {
  if (!sequence->UsesPrefixes() || !prefixes_.enabled()) return false;
  const uint32_t there = prefixes_.Find(sequence->request.user, sequence->tokens);
  return std::ranges::any_of(running_, [&](const Sequence* other) {
    if (other->request.user != sequence->request.user) return false;
    const auto common = std::ranges::mismatch(other->tokens, sequence->tokens).in1 - other->tokens.begin();
    const auto shared =
        std::min<size_t>(static_cast<size_t>(common), sequence->tokens.size() - 1) / kPagePositions * kPagePositions;
    return shared > there && shared > other->computed;
  });
}

// Starts a waiting request if everything that runs, and this, fits with all tokens that are known and one more. What
// requests share is counted for each of them, so it is rather too much.
bool Scheduler::TryStart(Sequence* sequence) {
  const auto needs = [&](const Sequence* s) {
    return cache_.BytesFor(static_cast<uint32_t>(s->tokens.size()) + 1, chunk_);
  };
  uint64_t promised = needs(sequence);
  for (const Sequence* other : running_) promised += needs(other);
  if (!running_.empty() && promised > cache_.budget_bytes()) return false;
  std::erase(waiting_, sequence);
  running_.push_back(sequence);
  if (!sequence->UsesPrefixes()) return true;
  const PrefixTree::Use use = prefixes_.Give(sequence->request.user, sequence->tokens, sequence->kv);
  sequence->computed = use.tokens;
  if (std::exchange(sequence->started, true)) return true;  // what it is computed from again is no news
  sequence->usage.cached_tokens = std::min(use.tokens, sequence->usage.prompt_tokens);
  sequence->usage.divergence = use.divergence;
  sequence->progress_reported = sequence->usage.cached_tokens;
  return true;
}

// Gives the chunk to prompts, begun ones and new ones alike, as their users' turns come.
void Scheduler::SchedulePrompts() {
  std::vector<const Sequence*> held_back;
  bool full = false;  // one that waits does not fit: none may overtake it
  while (left_ > 0) {
    Sequence* next = nullptr;
    const auto consider = [&](Sequence* sequence) {
      if (next == nullptr || ComesBefore(sequence, next)) next = sequence;
    };
    for (Sequence* sequence : running_) {
      if (sequence->pending() > 1 && !IsScheduled(sequence)) consider(sequence);
    }
    if (!full && running_.size() < max_sequences_) {
      for (Sequence* sequence : waiting_) {
        if (std::ranges::find(held_back, sequence) == held_back.end()) consider(sequence);
      }
    }
    if (next == nullptr) return;
    if (std::ranges::find(waiting_, next) != waiting_.end()) {
      if (IsBeingComputed(next)) {
        held_back.push_back(next);
        continue;
      }
      full = !TryStart(next);
      if (full) continue;
    }
    const uint32_t count = std::min(next->pending(), left_);
    if (Schedule(next, count)) left_ -= count;
  }
}

std::vector<ScheduledRows> Scheduler::Next() {
  rows_.clear();
  left_ = chunk_;
  ScheduleDecoding();
  SchedulePrompts();
  return std::exchange(rows_, {});
}

}  // namespace candor
