#include "engine/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace candor {

struct KvPage::Memory {
  KvCache* cache;
  uint32_t group;
  HugeBuffer buffer;
  uint32_t users = 0;
};

KvPage::KvPage(const KvPage& other) : page_(other.page_) {
  if (page_ != nullptr) ++page_->users;
}

KvPage::~KvPage() {
  if (page_ != nullptr && --page_->users == 0) page_->cache->TakeBack(page_);
}

std::byte* KvPage::data() const { return page_ == nullptr ? nullptr : page_->buffer.data(); }

bool KvPage::shared() const { return page_ != nullptr && page_->users > 1; }

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

uint32_t KvCache::FirstVisibleBlock(size_t group, uint32_t position) const {
  const uint32_t window = groups_[group].window;
  if (window == 0 || position < window) return 0;
  return (position - window + 1) / kPagePositions;
}

bool KvCache::Prepare(KvSequence& sequence, uint32_t first, uint32_t end) {
  CHECK(first < end);
  const uint32_t end_block = (end - 1) / kPagePositions + 1;
  uint64_t missing = 0;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    auto& pages = sequence.pages_[g];
    const uint32_t visible = FirstVisibleBlock(g, first);
    for (uint32_t i = 0; i < std::min<uint32_t>(visible, pages.size()); ++i) pages[i] = {};
    CHECK(first % kPagePositions == 0 || !pages[first / kPagePositions].shared());
    if (pages.size() < end_block) missing += (end_block - pages.size()) * groups_[g].page_bytes;
  }
  const bool enough = missing <= free_bytes();
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    while (enough && sequence.pages_[g].size() < end_block) sequence.pages_[g].push_back(Take(g));
    UpdateView(sequence, g);
  }
  return enough;
}

uint32_t KvCache::Truncate(KvSequence& sequence, uint32_t positions) {
  const uint32_t end_block = (positions + kPagePositions - 1) / kPagePositions;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    const auto& pages = sequence.pages_[g];
    CHECK(pages.size() >= end_block);
    for (uint32_t i = FirstVisibleBlock(g, positions); i < end_block; ++i) {
      if (!pages[i]) {
        Release(sequence);
        return 0;
      }
    }
  }
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    sequence.pages_[g].resize(end_block);
    UpdateView(sequence, g);
  }
  return positions;
}

void KvCache::Release(KvSequence& sequence) {
  for (auto& pages : sequence.pages_) pages.clear();
  for (auto& view : sequence.view_.pages) view.clear();
}

void KvCache::Adopt(KvSequence& sequence, std::span<const KvBlock* const> blocks) {
  const auto end = static_cast<uint32_t>(blocks.size()) * kPagePositions;
  for (uint32_t g = 0; g < groups_.size(); ++g) {
    auto& pages = sequence.pages_[g];
    CHECK(pages.empty());
    pages.resize(blocks.size());
    for (size_t i = FirstVisibleBlock(g, end); i < blocks.size(); ++i) {
      pages[i] = blocks[i]->at(g);
      CHECK(pages[i]);
    }
    UpdateView(sequence, g);
  }
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

void KvCache::UpdateView(KvSequence& sequence, size_t group) {
  const auto& pages = sequence.pages_[group];
  auto& view = sequence.view_.pages[group];
  view.resize(pages.size());
  for (size_t i = 0; i < pages.size(); ++i) view[i] = pages[i].data();
}

KvPage KvCache::Take(uint32_t group) {
  const size_t bytes = groups_[group].page_bytes;
  std::unique_ptr<Memory> page;
  if (!free_[group].empty()) {
    page = std::move(free_[group].back());
    free_[group].pop_back();
    // What another user's prompt has left there is nobody's to read, not even by a mistake of ours.
    std::memset(page->buffer.data(), 0, page->buffer.size());
  } else {
    // Free pages of other groups are of other sizes: their memory goes back to the system.
    for (auto& others : free_) {
      while (held_bytes_ + bytes > budget_bytes_ && !others.empty()) {
        held_bytes_ -= others.back()->buffer.size();
        others.pop_back();
      }
    }
    page = std::make_unique<Memory>(Memory{this, group, HugeBuffer(bytes)});
    held_bytes_ += bytes;
  }
  used_bytes_ += bytes;
  page->users = 1;
  return KvPage(page.release());
}

void KvCache::TakeBack(Memory* page) {
  used_bytes_ -= page->buffer.size();
  free_[page->group].emplace_back(page);
}

}  // namespace candor
