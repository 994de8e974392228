// From the events of one job for each prompt to the response of a completion, streamed or whole.
#ifndef CANDOR_API_COMPLETION_RESPONSE_H_
#define CANDOR_API_COMPLETION_RESPONSE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/answer_head.h"
#include "api/answer_tally.h"
#include "api/completion_request.h"
#include "ipc/messages.h"

namespace candor {

// As ChatResponse, but that an event is of a prompt's job: `prompt` counts CompletionRequest::prompts.
class CompletionResponse {
 public:
  CompletionResponse(AnswerHead head, const CompletionRequest& request);

  std::vector<std::string> Add(size_t prompt, const JobEvent& event);
  std::vector<std::string> Fail(const ApiError& error);

  bool begun() const { return tally_.begun(); }
  bool done() const { return tally_.done(); }
  const std::optional<ApiError>& error() const { return tally_.error(); }
  std::string Whole() const;

 private:
  enum List : size_t { kTokens, kLogprobs, kTop, kOffsets, kIds, kLists };
  using LogprobLists = std::array<std::string, kLists>;  // items, divided by commas

  struct Delta {
    size_t choice = 0;
    std::string text = {};
    LogprobLists logprobs = {};
    std::vector<TokenId> token_ids = {};
    const char* finish = nullptr;
  };

  std::vector<std::string> AddTo(size_t choice, const JobStarted& started);
  std::vector<std::string> AddTo(size_t choice, const JobProgress& progress);
  std::vector<std::string> AddTo(size_t choice, const JobOutput& output);
  std::vector<std::string> AddTo(size_t choice, const JobFinished& finished);
  std::vector<std::string> AddTo(size_t choice, const JobFailed& failed);
  void Begin(size_t choice, Delta& delta);
  void AddLogprob(const OutputToken& token, Delta& delta);
  std::vector<std::string> Take(Delta delta);
  void WriteHead(JsonWriter& json) const;
  void WriteChoice(const Delta& choice, JsonWriter& json) const;

  const AnswerHead head_;
  const ResponseOptions options_;
  const uint32_t per_prompt_;
  std::vector<std::string> echoes_;  // a prompt each; empty: none
  AnswerTally tally_;
  bool error_sent_ = false;
  std::vector<Delta> whole_;
  std::vector<uint64_t> offsets_;  // of each choice's next token, in code points
};

}  // namespace candor

#endif  // CANDOR_API_COMPLETION_RESPONSE_H_
