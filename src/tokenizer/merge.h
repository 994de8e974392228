// Byte-pair merging: of all neighbours the pair of lowest rank becomes one symbol, the leftmost among equals, until no
// pair merges.
//
// Few symbols are searched again after each merge. Many go through a queue with one bucket a rank: a bucket's positions
// are nearly always complete before its turn comes, so that sorting them once and walking through memory in order
// replaces a heap of pairs, which costs a cache miss at every level. Positions that arrive later (a merge may enable
// one of lower or the same rank) wait in a small heap beside them. O(n log n) for n symbols, whatever the merges.
#ifndef CANDOR_TOKENIZER_MERGE_H_
#define CANDOR_TOKENIZER_MERGE_H_

#include <cstdint>
#include <vector>

#include "tokenizer/merge_table.h"

namespace candor {

// Positions by (rank, position), smallest first.
class RankQueue {
 public:
  // Makes room for ranks in [0, ranks). The queue must be empty.
  void SetRanks(int32_t ranks);
  void Push(int32_t rank, int32_t position);
  struct Item {
    int32_t rank, position;
  };
  // Takes the first into `item`; false when the queue is empty.
  bool Pop(Item& item);

 private:
  struct Bucket {
    std::vector<int32_t> run;   // sorted once it is open
    std::vector<int32_t> late;  // a min-heap
    size_t cursor = 0;
    bool open = false;
  };

  std::vector<int32_t> bucket_of_rank_;  // -1: no bucket
  std::vector<Bucket> buckets_;
  std::vector<int32_t> free_buckets_;
  std::vector<int32_t> ranks_;  // those with a bucket, a min-heap
};

// A symbol's neighbours (-1 at the ends), and the rank at which it merges with the next one.
struct MergeNode {
  int32_t previous, next, rank;
};

// Buffers of a merge, to be used again.
struct MergeScratch {
  std::vector<MergeNode> nodes;
  RankQueue queue;
};

namespace internal {

inline constexpr int32_t kFewSymbols = 64;

// Joins `left` with its right neighbour and sets the ranks around it. Returns the neighbour before, or -1.
template <class Symbols>
int32_t JoinAt(Symbols& symbols, std::vector<MergeNode>& nodes, int32_t left) {
  MergeNode& node = nodes[left];
  MergeNode& gone = nodes[node.next];
  symbols.Join(left, node.next, node.rank);
  gone.rank = kNoRank;
  node.next = gone.next;
  if (node.next >= 0) nodes[node.next].previous = left;
  node.rank = node.next >= 0 ? symbols.Rank(left, node.next) : kNoRank;
  if (node.previous >= 0) nodes[node.previous].rank = symbols.Rank(node.previous, left);
  return node.previous;
}

template <class Symbols>
void MergeFew(Symbols& symbols, std::vector<MergeNode>& nodes) {
  for (;;) {
    int32_t best = 0;
    for (int32_t i = 0; i >= 0; i = nodes[i].next) {
      if (nodes[i].rank < nodes[best].rank) best = i;
    }
    if (nodes[best].rank == kNoRank) return;
    JoinAt(symbols, nodes, best);
  }
}

template <class Symbols>
void MergeMany(Symbols& symbols, MergeScratch& scratch, int32_t ranks) {
  std::vector<MergeNode>& nodes = scratch.nodes;
  RankQueue& queue = scratch.queue;
  queue.SetRanks(ranks);
  const auto push = [&](int32_t i) {
    if (i >= 0 && nodes[i].rank != kNoRank) queue.Push(nodes[i].rank, i);
  };
  for (int32_t i = 0; i < static_cast<int32_t>(nodes.size()); ++i) push(i);
  for (RankQueue::Item item; queue.Pop(item);) {
    // Positions are never taken out of the queue: one whose pair has changed since no longer has that rank.
    if (nodes[item.position].rank != item.rank) continue;
    push(JoinAt(symbols, nodes, item.position));
    push(item.position);
  }
}

}  // namespace internal

// Merges symbols 0 to count - 1, count at least 1, until no pair is left. Symbols has
//   int32_t Rank(int32_t i, int32_t j)            the rank below `ranks` at which i and its right neighbour j merge, or
//                                                 kNoRank
//   void Join(int32_t i, int32_t j, int32_t rank) makes i what the two become
// Afterwards the symbols that are left are 0 and what scratch.nodes[i].next leads to.
template <class Symbols>
void MergeSymbols(Symbols& symbols, int32_t count, int32_t ranks, MergeScratch& scratch) {
  scratch.nodes.resize(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    scratch.nodes[i] = {i - 1, last ? -1 : i + 1, last ? kNoRank : symbols.Rank(i, i + 1)};
  }
  if (count <= internal::kFewSymbols) {
    internal::MergeFew(symbols, scratch.nodes);
  } else {
    internal::MergeMany(symbols, scratch, ranks);
  }
}

}  // namespace candor

#endif  // CANDOR_TOKENIZER_MERGE_H_
