#include "engine/token_picker.h"

#include "engine/logprobs.h"

namespace candor {

TokenPicker::TokenPicker(const KernelTable& kernels, ThreadPool* pool)
    : kernels_(kernels),
      pool_(pool),
      samplers_(pool == nullptr ? 1 : static_cast<size_t>(pool->size()), Sampler(kernels)) {}

PickedToken TokenPicker::PickOne(Sampler& sampler, const LogitsRow& row) const {
  const Request& request = *row.request;
  PickedToken picked;
  picked.token =
      sampler.Sample(row.logits, request.sampling, {row.tokens, request.prompt.size(), request.seed, request.choice});
  if (picked.token && request.logprobs) {
    const double log_sum = LogSumExp(kernels_, row.logits);
    picked.logprob = static_cast<double>(row.logits[static_cast<size_t>(*picked.token)]) - log_sum;
    picked.top = MostLikely(row.logits, log_sum, *request.logprobs);
  }
  return picked;
}

std::span<PickedToken> TokenPicker::Pick(std::span<const LogitsRow> rows) {
  picked_.resize(rows.size());
  if (pool_ == nullptr || rows.size() <= 1) {
    for (size_t i = 0; i < rows.size(); ++i) picked_[i] = PickOne(samplers_[0], rows[i]);
    return picked_;
  }
  pool_->Run([&](Worker& worker) {
    Sampler& sampler = samplers_[static_cast<size_t>(worker.rank())];
    worker.ForParts(rows.size(), 1, [&](Range part) { picked_[part.begin] = PickOne(sampler, rows[part.begin]); });
  });
  return picked_;
}

}  // namespace candor
