// From a job's events to the response of a chat completion, streamed or whole.
//
// Both come from the same deltas: what a client joins from a stream is what it would have been given whole.
#ifndef CANDOR_API_CHAT_RESPONSE_H_
#define CANDOR_API_CHAT_RESPONSE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/answer_head.h"
#include "api/answer_tally.h"
#include "api/field_reader.h"
#include "ipc/messages.h"

namespace candor {

class ChatResponse {
 public:
  // `choices` as GenerateMessage::choices; JobEvent::choice counts from 0 whatever first_choice is.
  ChatResponse(AnswerHead head, ResponseOptions options, uint32_t choices);

  // Takes in an event of the job and returns what a stream sends for it, in order: JSON texts, each the payload of one
  // server-sent event. Always empty when nothing is streamed. After the payloads of the event that makes done() true
  // comes `[DONE]`, which is the caller's, except after an error. Events that do not belong to an answer under way
  // change nothing.
  std::vector<std::string> Add(uint32_t choice, const JobOutput& output);
  std::vector<std::string> Add(uint32_t choice, const JobStarted& started);
  std::vector<std::string> Add(uint32_t choice, const JobProgress& progress);
  std::vector<std::string> Add(uint32_t choice, const JobFinished& finished);
  std::vector<std::string> Add(uint32_t choice, const JobFailed& failed);
  // The same for whatever event it is; those of queries change nothing.
  std::vector<std::string> Add(const JobEvent& event);
  // The answer cannot go on, for a reason of the front's own.
  std::vector<std::string> Fail(const ApiError& error);

  // Whether any choice has begun: until then a failure is a response of its own.
  bool begun() const { return tally_.begun(); }
  bool done() const { return tally_.done(); }
  const std::optional<ApiError>& error() const { return tally_.error(); }

  // The whole response. Only when nothing is streamed, done() and without an error.
  std::string Whole() const;

 private:
  // Lists of log-probabilities, by what the tokens are part of.
  enum List : size_t { kContentList, kReasoningList, kCallList, kLists };
  using LogprobLists = std::array<std::string, kLists>;  // entries, divided by commas

  struct CallDelta {
    uint32_t index = 0;
    bool begins = false;
    std::string name;  // when it begins
    std::string arguments;
  };
  struct Delta {
    uint32_t choice = 0;
    bool begins = false;
    std::optional<std::string> content = {};
    std::optional<std::string> reasoning = {};
    std::optional<CallDelta> call = {};
    LogprobLists logprobs = {};
    std::vector<TokenId> token_ids = {};
    const char* finish = nullptr;
  };
  struct Call {
    std::string name;
    std::string arguments;
  };
  struct Choice {
    std::string content;
    std::string reasoning;
    bool reasoned = false;
    std::vector<Call> calls;
    std::optional<uint32_t> last_call;  // as the worker numbers them
    LogprobLists logprobs;
    std::vector<TokenId> token_ids;
    const char* finish = nullptr;
  };

  void Begin(std::vector<Delta>& deltas);
  void AddText(uint32_t choice, const TextPiece& piece, std::vector<Delta>& deltas);
  std::vector<std::string> Take(std::vector<Delta> deltas);
  void Keep(Delta delta);
  std::string Chunk(const Delta& delta, bool last) const;
  std::string ProgressChunk(uint32_t choice, const JobProgress& progress) const;
  std::string UsageChunk() const;
  void WriteHead(const char* object, JsonWriter& json) const;
  void WriteReasoning(const std::string& text, JsonWriter& json) const;
  void WriteLogprobs(const LogprobLists& lists, JsonWriter& json) const;
  std::string CallId(uint32_t choice, size_t index) const;

  const AnswerHead head_;
  const ResponseOptions options_;
  AnswerTally tally_;
  bool error_sent_ = false;
  std::vector<Choice> choices_;
};

}  // namespace candor

#endif  // CANDOR_API_CHAT_RESPONSE_H_
