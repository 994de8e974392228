// The options of an engine: their ranges, and what their zeros stand for.
#ifndef CANDOR_ENGINE_ENGINE_OPTIONS_H_
#define CANDOR_ENGINE_ENGINE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/kv_layout.h"

namespace candor {

struct EngineOptions {
  uint32_t context = 0;         // tokens of prompt and answer at most; 0 = what the model was made for
  uint32_t chunk = 512;         // prompt tokens of one step, over all requests; a long prompt is taken in pieces
  uint32_t max_sequences = 64;  // requests computed at a time; others wait in order
  uint64_t kv_bytes = 0;        // memory for keys and values; 0 = one whole context. Taken as it is needed
  KvType kv = KvType::kF16;
  bool exact = false;  // see DecoderOptions
  // Keys and values stay when a request ends, as long as the memory is not needed: one of the same user that begins
  // with the same tokens goes on from there (engine/prefix_tree.h). They change no bit of an answer.
  bool remember_prefixes = false;
};

// Replaces zeros. Throws UsageError naming an option outside its range: a context beyond `context_length`, or memory
// too small for one whole context.
EngineOptions ResolveOptions(EngineOptions options, uint32_t context_length, const std::vector<KvGroup>& groups);

// Throws UsageError "field: value is outside min to max".
void CheckRange(const std::string& field, uint64_t value, uint64_t min, uint64_t max);

}  // namespace candor

#endif  // CANDOR_ENGINE_ENGINE_OPTIONS_H_
