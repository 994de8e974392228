#include "tokenizer/merge_table.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "base/error.h"
#include "tokenizer/hash.h"

namespace candor {

MergeTable::MergeTable(size_t count) : entries_(count + count / 2 + 1) { results_.reserve(count); }

size_t MergeTable::First(TokenId left, TokenId right) const {
  const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  return SlotOf(MixHash(HashNumber(pair, seed_), 0xE7037ED1A0B428DBu), entries_.size());
}

bool MergeTable::Insert(const Entry& entry) {
  size_t slot = First(entry.left, entry.right);
  for (uint32_t probes = 0; entries_[slot].rank != kNoRank; ++probes) {
    if (entries_[slot].left == entry.left && entries_[slot].right == entry.right) break;
    if (probes == kMaxProbes) return false;
    if (++slot == entries_.size()) slot = 0;
  }
  entries_[slot] = entry;
  return true;
}

void MergeTable::Add(TokenId left, TokenId right, TokenId result, const std::string& field) {
  CHECK(results_.size() < entries_.size() - 1);
  const Entry added{left, right, size()};
  results_.push_back(result);
  if (Insert(added)) return;
  std::vector<Entry> kept;
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(kept),
               [](const Entry& entry) { return entry.rank != kNoRank; });
  kept.push_back(added);
  while (++seed_ < kHashSeeds) {
    std::fill(entries_.begin(), entries_.end(), Entry{});
    if (std::all_of(kept.begin(), kept.end(), [&](const Entry& entry) { return Insert(entry); })) return;
  }
  throw FormatError(field + ": the pairs collide in every hash table that was tried");
}

}  // namespace candor
