// Which answers of a response have begun and ended, and what they cost: the part that chat and completions share.
#ifndef CANDOR_API_ANSWER_TALLY_H_
#define CANDOR_API_ANSWER_TALLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "api/errors.h"
#include "api/json_writer.h"
#include "ipc/messages.h"

namespace candor {

class AnswerTally {
 public:
  explicit AnswerTally(size_t choices) : choices_(choices) {}

  // Whether an event of `choice` counts: there is such a choice, it has not ended, and nothing has failed. The worker
  // is not trusted with that.
  bool Accepts(size_t choice) const { return !error_ && choice < choices_.size() && !choices_[choice].ended; }
  // Marks it begun; whether it was not.
  bool Begin(size_t choice);
  void Count(size_t choice, const JobOutput& output);
  // `counts_prompt` for one choice of each prompt. A cancelled answer is a failure.
  void Finish(size_t choice, const JobFinished& finished, bool counts_prompt);
  void Fail(ApiError error);

  bool begun() const { return begun_; }
  // All have ended, or one has failed.
  bool done() const { return error_.has_value() || ended_ == choices_.size(); }
  const std::optional<ApiError>& error() const { return error_; }

  // The value of `usage`.
  void WriteUsage(JsonWriter& json) const;
  // The value of `candor`: seed, what the cache brought, times.
  void WriteCandor(uint64_t seed, JsonWriter& json) const;

 private:
  struct Choice {
    bool begun = false;
    bool ended = false;
    uint32_t reasoning_seen = 0;
  };

  std::vector<Choice> choices_;
  size_t ended_ = 0;
  bool begun_ = false;
  std::optional<ApiError> error_;
  uint64_t prompt_ = 0, cached_ = 0, completion_ = 0, reasoning_ = 0, forced_ = 0, prefix_ = 0;
  std::optional<CacheDivergence> divergence_;
  Usage times_;  // the earliest first token and the longest times; rates are of these
};

// "stop" or "length".
const char* FinishWord(FinishReason reason);

}  // namespace candor

#endif  // CANDOR_API_ANSWER_TALLY_H_
