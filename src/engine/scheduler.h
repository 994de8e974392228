// Decides which tokens of which requests the next step computes.
//
// First come, first served. Every running request that decodes gets its row; what remains of the chunk goes to prompts
// in order of arrival; a waiting request starts when the cache can hold all of its tokens. When memory runs out, the
// request that came last gives back its pages, waits at the front, and is computed again.
#ifndef CANDOR_ENGINE_SCHEDULER_H_
#define CANDOR_ENGINE_SCHEDULER_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/kv_cache.h"
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
  Scheduler(KvCache& cache, uint32_t chunk, uint32_t max_sequences);

  void Add(Sequence* sequence);
  void Remove(Sequence* sequence);

  // The next step's rows, with their pages prepared; never empty while there is a request.
  std::vector<ScheduledRows> Next();

  size_t running() const { return running_.size(); }
  size_t waiting() const { return waiting_.size(); }

 private:
  bool MakeRoom(Sequence* sequence, uint32_t end);
  void PutOffLast();

  KvCache& cache_;
  uint32_t chunk_;
  uint32_t max_sequences_;
  std::vector<Sequence*> running_;  // by arrival
  std::deque<Sequence*> waiting_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_SCHEDULER_H_
