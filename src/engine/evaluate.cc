#include "engine/evaluate.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "engine/engine_options.h"
#include "engine/kv_cache.h"
#include "model/decoder.h"

namespace candor {

struct Evaluator::Impl {
  Impl(const Model& its_model, const KernelTable& its_kernels, ThreadPool& pool, const EngineOptions& given)
      : model(its_model),
        kernels(its_kernels),
        layout(model.config, given.kv),
        options(ResolveOptions(given, model.config.context_length, layout.groups())),
        decoder(model, layout, kernels, pool, {.exact = options.exact, .max_rows = options.chunk}),
        cache(layout.groups(), options.kv_bytes),
        sequence(cache) {}

  const Model& model;
  const KernelTable& kernels;
  KvLayout layout;
  const EngineOptions options;
  Decoder decoder;
  KvCache cache;
  KvSequence sequence;
  uint32_t position = 0;
  Batch batch;
  BatchResult result;
};

Evaluator::Evaluator(const Model& model, const KernelTable& kernels, ThreadPool& pool, const EngineOptions& options)
    : impl_(std::make_unique<Impl>(model, kernels, pool, options)) {}

Evaluator::~Evaluator() = default;

std::span<const float> Evaluator::Append(std::span<const TokenId> tokens) {
  Impl& s = *impl_;
  CHECK(!tokens.empty() && tokens.size() <= s.options.chunk);
  for (const TokenId token : tokens) {
    if (token < 0 || static_cast<size_t>(token) >= vocabulary()) {
      throw UsageError("tokens: " + std::to_string(token) + " is outside 0 to " + std::to_string(vocabulary() - 1));
    }
  }
  const auto count = static_cast<uint32_t>(tokens.size());
  if (count > s.options.context - s.position) {
    throw LimitError("tokens: " + std::to_string(uint64_t{s.position} + count) + " are more than the context of " +
                     std::to_string(s.options.context));
  }
  CHECK(s.cache.Prepare(s.sequence, s.position, s.position + count));
  s.batch.tokens.assign(tokens.begin(), tokens.end());
  s.batch.sequences = {{&s.sequence.pages(), s.position, count}};
  s.batch.wanted.assign(count, WantedOutput::kLogits);
  s.decoder.Run(s.batch, s.result);
  if (s.result.broken[0]) {
    throw Error("a key or value is not finite at one of the tokens " + std::to_string(s.position + 1) + " to " +
                std::to_string(s.position + count) + ": the model's file or this computation is broken");
  }
  const auto broken = std::ranges::find_if(s.result.logits, [](float logit) { return !std::isfinite(logit); });
  if (broken != s.result.logits.end()) {
    throw Error("a logit is not finite at token " +
                std::to_string(s.position + 1 + static_cast<size_t>(broken - s.result.logits.begin()) / vocabulary()) +
                ": the model's file or this computation is broken");
  }
  s.position += count;
  return s.result.logits;
}

uint32_t Evaluator::Rewind(uint32_t position) {
  CHECK(position <= impl_->position);
  return impl_->position = impl_->cache.Truncate(impl_->sequence, position);
}

uint32_t Evaluator::position() const { return impl_->position; }
const EngineOptions& Evaluator::options() const { return impl_->options; }
size_t Evaluator::vocabulary() const { return impl_->model.config.vocabulary; }

const KernelTable& Evaluator::kernels() const { return impl_->kernels; }

}  // namespace candor
