#include "engine/engine_options.h"

#include "base/error.h"
#include "engine/kv_cache.h"

namespace candor {
namespace {

constexpr uint32_t kMaxChunk = 1u << 16;
constexpr uint32_t kMaxSequences = 1024;

}  // namespace

void CheckRange(const std::string& field, uint64_t value, uint64_t min, uint64_t max) {
  if (value >= min && value <= max) return;
  throw UsageError(field + ": " + std::to_string(value) + " is outside " + std::to_string(min) + " to " +
                   std::to_string(max));
}

EngineOptions ResolveOptions(EngineOptions options, uint32_t context_length, const std::vector<KvGroup>& groups) {
  if (options.context == 0) options.context = context_length;
  CheckRange("context", options.context, 2, context_length);
  CheckRange("chunk", options.chunk, 1, kMaxChunk);
  CheckRange("max_sequences", options.max_sequences, 1, kMaxSequences);
  const uint64_t one = KvCache(groups, 0).BytesFor(options.context, options.chunk);
  if (options.kv_bytes == 0) options.kv_bytes = one;
  if (options.kv_bytes < one) {
    throw UsageError("kv_bytes: " + std::to_string(options.kv_bytes) + " is less than one context of " +
                     std::to_string(options.context) + " tokens takes, which is " + std::to_string(one));
  }
  return options;
}

}  // namespace candor
