// What is the same in a whole response and in every chunk of a stream.
#ifndef CANDOR_API_ANSWER_HEAD_H_
#define CANDOR_API_ANSWER_HEAD_H_

#include <cstdint>
#include <string>

#include "ipc/messages.h"

namespace candor {

// Under which names reasoning is reported: readers take one and fall back to the other, so both is the default.
enum class ReasoningNames : uint8_t { kBoth, kReasoningContent, kReasoning };

struct AnswerHead {
  std::string id;       // "chatcmpl-..." or "cmpl-...", chosen by the front
  int64_t created = 0;  // seconds since 1970
  std::string model;    // the real one's id, whatever alias it was asked for by
  std::string system_fingerprint;
  uint64_t seed = 0;
  ReasoningNames reasoning = ReasoningNames::kBoth;
};

// "candor-numerics-1-" and 16 hexadecimal digits: a digest of the weights' own digests, the type of keys and values
// (KvTypeName()) and whether products are exact. Two answers to one request with equal fingerprints are equal on bits.
std::string SystemFingerprint(const ModelFacts& facts, const std::string& kv_type, bool exact);

// The text of a comment of the stream that tells how far a prompt is: "position 3 in the queue", "prompt 512 of 2000".
std::string ProgressText(const JobProgress& progress);

}  // namespace candor

#endif  // CANDOR_API_ANSWER_HEAD_H_
