// Decides which tokens of which requests the next step computes.
//
// Every running request that decodes gets its row; what remains of the chunk goes to prompts. Users take turns
// (engine/fair_share.h), and the requests of one user come in order of arrival. A waiting request starts when the cache
// can hold all of its tokens, behind what is remembered of them; one whose beginning a running request of the same user
// is just computing waits for that. When memory runs out, remembered prefixes go first; then the request that was
// started last gives back its pages, waits again, and is computed again.
#ifndef CANDOR_ENGINE_SCHEDULER_H_
#define CANDOR_ENGINE_SCHEDULER_H_

#include <cstdint>
#include <vector>

#include "engine/fair_share.h"
#include "engine/kv_cache.h"
#include "engine/prefix_tree.h"
#include "engine/sequence.h"

namespace candor {

// Tokens [first, first + count) of a sequence: its next pending ones. Their pages are there.
struct ScheduledRows {
  Sequence* sequence = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;
};

// Keeps pointers to sequences, which must live until Remove(). Not thread-safe.
class Scheduler {
 public:
  // A step has at most `chunk` rows of prompts and `max_sequences` rows that decode. The cache must hold any one
  // request, or Next() could make no progress.
  Scheduler(KvCache& cache, PrefixTree& prefixes, uint32_t chunk, uint32_t max_sequences);

  void Add(Sequence* sequence);
  void Remove(Sequence* sequence);

  // The next step's rows, with their pages prepared; never empty while there is a request.
  std::vector<ScheduledRows> Next();

  size_t running() const { return running_.size(); }
  // Those that wait, in the order in which they would start if nothing else came.
  std::vector<const Sequence*> Waiting() const;
  uint64_t preemptions() const { return preemptions_; }

 private:
  bool Schedule(Sequence* sequence, uint32_t count);
  bool MakeRoom(Sequence* sequence, uint32_t end);
  bool IsScheduled(const Sequence* sequence) const;
  void PutOff(Sequence* sequence);
  bool ComesBefore(const Sequence* a, const Sequence* b) const;
  bool IsBeingComputed(const Sequence* sequence) const;
  void ScheduleDecoding();
  void SchedulePrompts();
  bool TryStart(Sequence* sequence);

  KvCache& cache_;
  PrefixTree& prefixes_;
  FairShare share_;
  uint32_t chunk_;
  uint32_t max_sequences_;
  std::vector<Sequence*> running_;  // in the order in which they were started
  std::vector<Sequence*> waiting_;
  uint64_t preemptions_ = 0;
  // Of the step that is being put together.
  std::vector<ScheduledRows> rows_;
  uint32_t left_ = 0;  // rows of the chunk
};

}  // namespace candor

#endif  // CANDOR_ENGINE_SCHEDULER_H_
