// The memory of keys and values: pages of 64 positions.
//
// Layers with the same window are a group, and a sequence has pages of its own in every group. All pages come out of
// one budget of bytes. A page that is given out may hold what another sequence left there: attention reads positions
// only once they are computed.
#ifndef CANDOR_ENGINE_KV_CACHE_H_
#define CANDOR_ENGINE_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/huge_buffer.h"
#include "model/kv_layout.h"

namespace candor {

class KvCache;

// The pages of one sequence. Movable; gives its pages back when destroyed, so it must not outlive its cache.
class KvSequence {
 public:
  explicit KvSequence(KvCache& cache);
  KvSequence(KvSequence&& other) noexcept;
  KvSequence& operator=(KvSequence&& other) noexcept;  // gives its own pages back
  ~KvSequence();

  // What the decoder reads and writes.
  const KvPages& pages() const { return view_; }

 private:
  friend class KvCache;
  struct Page;
  KvCache* cache_;
  std::vector<std::vector<std::unique_ptr<Page>>> pages_;  // [group][position / 64]; null where the window has passed
  KvPages view_;                                           // the same as addresses
};

// Not thread-safe.
class KvCache {
 public:
  KvCache(std::vector<KvGroup> groups, uint64_t budget_bytes);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  // Makes `sequence` ready for computing positions [first, end), where all before `first` are computed: gives back the
  // pages that no position from `first` on can see, then adds those that are missing. False, with nothing added, when
  // the budget does not allow it.
  bool Prepare(KvSequence& sequence, uint32_t first, uint32_t end);

  // Forgets positions from `positions` on, so that others can be computed in their place. Returns how many are left:
  // `positions`, or 0 when a window has already given back pages that the next position would see.
  uint32_t Truncate(KvSequence& sequence, uint32_t positions);

  // Gives back all pages.
  void Release(KvSequence& sequence);

  // Bytes that one sequence of `positions` takes at most when at most `step` positions are computed at a time.
  uint64_t BytesFor(uint32_t positions, uint32_t step) const;
  const std::vector<KvGroup>& groups() const { return groups_; }
  uint64_t budget_bytes() const { return budget_bytes_; }
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t free_bytes() const { return budget_bytes_ - used_bytes_; }

 private:
  using Page = KvSequence::Page;

  uint32_t FirstVisiblePage(const KvGroup& group, uint32_t position) const;
  std::unique_ptr<Page> Take(uint32_t group);
  void GiveBack(std::unique_ptr<Page> page);

  std::vector<KvGroup> groups_;
  uint64_t budget_bytes_;
  uint64_t used_bytes_ = 0;                               // of pages that a sequence has
  uint64_t held_bytes_ = 0;                               // of those and of free pages
  std::vector<std::vector<std::unique_ptr<Page>>> free_;  // by group
};

}  // namespace candor

#endif  // CANDOR_ENGINE_KV_CACHE_H_
