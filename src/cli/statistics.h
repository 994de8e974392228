// What an answer cost, for people.
#ifndef CANDOR_CLI_STATISTICS_H_
#define CANDOR_CLI_STATISTICS_H_

#include <cstdint>
#include <string>

#include "engine/request.h"

namespace candor {

// One line without its end: "12 prompt, 0 reasoning, 45 answer tokens; first token 0.31 s; 161.2 tokens/s; seed 7".
// Names the choice when it is not 0, and says so when the answer did not end by itself.
std::string StatisticsLine(const Usage& usage, FinishReason reason, uint64_t seed, uint32_t choice);

// "end", "stop", "length", "context" or "cancelled": the finish reason in JSON.
const char* FinishReasonName(FinishReason reason);

// What a conversation should be told about its context of `limit` tokens, of which `used` are taken: empty while
// there is room, a warning from four fifths on.
std::string ContextWarning(uint32_t used, uint32_t limit);

}  // namespace candor

#endif  // CANDOR_CLI_STATISTICS_H_
