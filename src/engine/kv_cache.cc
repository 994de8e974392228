#include "engine/kv_cache.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace candor {

struct KvSequence::Page {
  HugeBuffer buffer;
  uint32_t group = 0;
};

KvSequence::KvSequence(KvCache& cache) : cache_(&cache) {
  pages_.resize(cache.groups().size());
  view_.pages.resize(cache.groups().size());
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : cache_(std::exchange(other.cache_, nullptr)), pages_(std::move(other.pages_)), view_(std::move(other.view_)) {}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept {
  std::swap(cache_, other.cache_);
  std::swap(pages_, other.pages_);
  std::swap(view_, other.view_);
  if (other.cache_ != nullptr) other.cache_->Release(other);
  return *this;
}

KvSequence::~KvSequence() {
  if (cache_ != nullptr) cache_->Release(*this);
}

KvCache::KvCache(std::vector<KvGroup> groups, uint64_t budget_bytes)
    : groups_(std::move(groups)), budget_bytes_(budget_bytes), free_(groups_.size()) {}

KvCache::~KvCache() { CHECK(used_bytes_ == 0); }

// The page that holds the first position which `position` sees.
uint32_t KvCache::FirstVisiblePage(const KvGroup& group, uint32_t position) const {
  if (group.window == 0 || position < group.window) return 0;
  return (position - group.window + 1) / kPagePositions;
}

bool KvCache::Prepare(KvSequence& sequence, uint32_t first, uint32_t end) {
  CHECK(first < end);
  const uint32_t end_page = (end - 1) / kPagePositions + 1;
  uint64_t missing = 0;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    auto& pages = sequence.pages_[g];
    const uint32_t visible = FirstVisiblePage(groups_[g], first);
    for (uint32_t i = 0; i < std::min<uint32_t>(visible, pages.size()); ++i) GiveBack(std::move(pages[i]));
    if (pages.size() < end_page) missing += (end_page - pages.size()) * groups_[g].page_bytes;
  }
  const bool enough = missing <= free_bytes();
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    auto& pages = sequence.pages_[g];
    while (enough && pages.size() < end_page) pages.push_back(Take(g));
    auto& view = sequence.view_.pages[g];
    view.resize(pages.size());
    for (size_t i = 0; i < pages.size(); ++i) view[i] = pages[i] == nullptr ? nullptr : pages[i]->buffer.data();
  }
  return enough;
}

uint32_t KvCache::Truncate(KvSequence& sequence, uint32_t positions) {
  const uint32_t end_page = (positions + kPagePositions - 1) / kPagePositions;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    const auto& pages = sequence.pages_[g];
    CHECK(pages.size() >= end_page);
    for (uint32_t i = FirstVisiblePage(groups_[g], positions); i < end_page; ++i) {
      if (pages[i] == nullptr) {
        Release(sequence);
        return 0;
      }
    }
  }
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    auto& pages = sequence.pages_[g];
    for (size_t i = end_page; i < pages.size(); ++i) GiveBack(std::move(pages[i]));
    pages.resize(end_page);
    sequence.view_.pages[g].resize(end_page);
  }
  return positions;
}

void KvCache::Release(KvSequence& sequence) {
  for (auto& pages : sequence.pages_) {
    for (auto& page : pages) GiveBack(std::move(page));
    pages.clear();
  }
  for (auto& view : sequence.view_.pages) view.clear();
}

uint64_t KvCache::BytesFor(uint32_t positions, uint32_t step) const {
  uint64_t bytes = 0;
  const uint64_t all = (uint64_t{positions} + kPagePositions - 1) / kPagePositions;
  for (const KvGroup& group : groups_) {
    // A step of s positions with a window of w reads and writes w - 1 + s positions in a row, wherever they begin.
    const uint64_t seen = (uint64_t{group.window} + step + kPagePositions - 3) / kPagePositions + 1;
    bytes += (group.window == 0 ? all : std::min(all, seen)) * group.page_bytes;
  }
  return bytes;
}

std::unique_ptr<KvCache::Page> KvCache::Take(uint32_t group) {
  const size_t bytes = groups_[group].page_bytes;
  std::unique_ptr<Page> page;
  if (!free_[group].empty()) {
    page = std::move(free_[group].back());
    free_[group].pop_back();
  } else {
    // Free pages of other groups are of other sizes: their memory goes back to the system.
    for (auto& others : free_) {
      while (held_bytes_ + bytes > budget_bytes_ && !others.empty()) {
        held_bytes_ -= others.back()->buffer.size();
        others.pop_back();
      }
    }
    page = std::make_unique<Page>(Page{HugeBuffer(bytes), group});
    held_bytes_ += bytes;
  }
  used_bytes_ += bytes;
  return page;
}

void KvCache::GiveBack(std::unique_ptr<Page> page) {
  if (page == nullptr) return;
  used_bytes_ -= page->buffer.size();
  free_[page->group].push_back(std::move(page));
}

}  // namespace candor
