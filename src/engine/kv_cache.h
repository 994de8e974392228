// The memory of keys and values: pages of 64 positions.
//
// Layers with the same window are a group, and a sequence has pages in every group. All pages come out of one budget of
// bytes. A page whose 64 positions are computed never changes again, and any number of sequences that begin with the
// same tokens may have it; only the last page of a sequence is written, and nobody else has that one.
#ifndef CANDOR_ENGINE_KV_CACHE_H_
#define CANDOR_ENGINE_KV_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/huge_buffer.h"
#include "model/kv_layout.h"

namespace candor {

class KvCache;

// One user of a page. Copies are further users; the page goes back to its cache with the last of them, so none may
// outlive the cache. Empty by default: no page.
class KvPage {
 public:
  KvPage() = default;
  KvPage(const KvPage& other);
  KvPage(KvPage&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  KvPage& operator=(KvPage other) noexcept {
    std::swap(page_, other.page_);
    return *this;
  }
  ~KvPage();

  explicit operator bool() const { return page_ != nullptr; }
  std::byte* data() const;
  bool shared() const;  // it has another user

 private:
  friend class KvCache;
  struct Memory;
  explicit KvPage(Memory* page) : page_(page) {}
  Memory* page_ = nullptr;
};

// The pages of positions [64 i, 64 i + 64), one a group; empty ones where a window has passed.
using KvBlock = std::vector<KvPage>;

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
  KvCache* cache_;
  std::vector<std::vector<KvPage>> pages_;  // [group][position / 64]; empty where the window has passed
  KvPages view_;                            // the same as addresses
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
  // the budget does not allow it. The page that `first` is in must not be shared.
  bool Prepare(KvSequence& sequence, uint32_t first, uint32_t end);

  // Forgets positions from `positions` on, so that others can be computed in their place. Returns how many are left:
  // `positions`, or 0 when a window has already given back pages that the next position would see.
  uint32_t Truncate(KvSequence& sequence, uint32_t positions);

  // Gives back all pages.
  void Release(KvSequence& sequence);

  // A group's page of positions [64 index, 64 index + 64), all of which are computed, for others to use.
  KvPage Share(const KvSequence& sequence, size_t group, uint32_t index) const {
    return sequence.pages_[group].at(index);
  }
  // Gives `sequence`, which has no pages, those of its first positions: the next one to compute is 64 * blocks.size().
  // What that position cannot see is left out; the rest must be there.
  void Adopt(KvSequence& sequence, std::span<const KvBlock* const> blocks);
  // The first block that holds something which `position` sees in a group.
  uint32_t FirstVisibleBlock(size_t group, uint32_t position) const;

  // Bytes that one sequence of `positions` takes at most when at most `step` positions are computed at a time.
  uint64_t BytesFor(uint32_t positions, uint32_t step) const;
  const std::vector<KvGroup>& groups() const { return groups_; }
  uint64_t budget_bytes() const { return budget_bytes_; }
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t free_bytes() const { return budget_bytes_ - used_bytes_; }

 private:
  friend class KvPage;
  using Memory = KvPage::Memory;

  KvPage Take(uint32_t group);
  void TakeBack(Memory* page);
  void UpdateView(KvSequence& sequence, size_t group);

  std::vector<KvGroup> groups_;
  uint64_t budget_bytes_;
  uint64_t used_bytes_ = 0;                                 // of pages that have a user
  uint64_t held_bytes_ = 0;                                 // of those and of free pages
  std::vector<std::vector<std::unique_ptr<Memory>>> free_;  // by group
};

}  // namespace candor

#endif  // CANDOR_ENGINE_KV_CACHE_H_
