// The merges of a BPE vocabulary: which two tokens become which one, and in which order.
#ifndef CANDOR_TOKENIZER_MERGE_TABLE_H_
#define CANDOR_TOKENIZER_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace candor {

// Lower ranks merge first. A pair that does not merge has this one.
inline constexpr int32_t kNoRank = std::numeric_limits<int32_t>::max();

class MergeTable {
 public:
  // Room for `count` merges.
  explicit MergeTable(size_t count);

  // The next merge, of the next rank. Of a pair that is added twice the last rank counts, as in Hugging Face's library.
  // `field` is named in errors.
  void Add(TokenId left, TokenId right, TokenId result, const std::string& field);

  // Number of merges, and so of ranks.
  int32_t size() const { return static_cast<int32_t>(results_.size()); }
  // The rank at which the pair merges, or kNoRank.
  int32_t Rank(TokenId left, TokenId right) const {
    for (size_t slot = First(left, right); entries_[slot].rank != kNoRank;) {
      if (entries_[slot].left == left && entries_[slot].right == right) return entries_[slot].rank;
      if (++slot == entries_.size()) slot = 0;
    }
    return kNoRank;
  }
  // What the pair of `rank` becomes.
  TokenId Result(int32_t rank) const { return results_[static_cast<size_t>(rank)]; }

 private:
  struct Entry {
    TokenId left = kNoRank, right = kNoRank;
    int32_t rank = kNoRank;
  };
  size_t First(TokenId left, TokenId right) const;
  bool Insert(const Entry& entry);

  std::vector<Entry> entries_;  // open addressing
  std::vector<TokenId> results_;
  uint64_t seed_ = 0;
};

}  // namespace candor

#endif  // CANDOR_TOKENIZER_MERGE_TABLE_H_
