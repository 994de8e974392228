#include "tokenizer/merge.h"

#include <algorithm>
#include <functional>

namespace candor {

void RankQueue::SetRanks(int32_t ranks) {
  if (bucket_of_rank_.size() < static_cast<size_t>(ranks)) bucket_of_rank_.resize(static_cast<size_t>(ranks), -1);
}

void RankQueue::Push(int32_t rank, int32_t position) {
  int32_t& number = bucket_of_rank_[rank];
  if (number < 0) {
    if (free_buckets_.empty()) {
      free_buckets_.push_back(static_cast<int32_t>(buckets_.size()));
      buckets_.emplace_back();
    }
    number = free_buckets_.back();
    free_buckets_.pop_back();
    ranks_.push_back(rank);
    std::push_heap(ranks_.begin(), ranks_.end(), std::greater<>());
  }
  Bucket& bucket = buckets_[number];
  if (bucket.open) {
    bucket.late.push_back(position);
    std::push_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
  } else {
    bucket.run.push_back(position);
  }
}

bool RankQueue::Pop(Item& item) {
  while (!ranks_.empty()) {
    item.rank = ranks_.front();
    Bucket& bucket = buckets_[bucket_of_rank_[item.rank]];
    if (!bucket.open) {
      bucket.open = true;
      if (!std::is_sorted(bucket.run.begin(), bucket.run.end())) std::sort(bucket.run.begin(), bucket.run.end());
    }
    const bool run_left = bucket.cursor < bucket.run.size();
    if (run_left && (bucket.late.empty() || bucket.run[bucket.cursor] <= bucket.late.front())) {
      item.position = bucket.run[bucket.cursor++];
      return true;
    }
    if (!bucket.late.empty()) {
      std::pop_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
      item.position = bucket.late.back();
      bucket.late.pop_back();
      return true;
    }
    bucket.run.clear();
    bucket.cursor = 0;
    bucket.open = false;
    free_buckets_.push_back(bucket_of_rank_[item.rank]);
    bucket_of_rank_[item.rank] = -1;
    std::pop_heap(ranks_.begin(), ranks_.end(), std::greater<>());
    ranks_.pop_back();
  }
  return false;
}

}  // namespace candor
