// The answers to one GenerateMessage: a request of the engine and a text for each choice.
#ifndef CANDOR_IPC_ANSWER_JOB_H_
#define CANDOR_IPC_ANSWER_JOB_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/dialogue.h"
#include "engine/engine.h"
#include "engine/generation.h"
#include "engine/language_model.h"
#include "ipc/messages.h"

namespace candor {

// The prompt that a job's input stands for. Throws what PrepareAnswer() throws.
PreparedRequest PrepareInput(const JobInput& input, const Dialogue& dialogue);

// The request that a message asks for, without `choice`, and how its text is made. Throws UsageError, TemplateError and
// LimitError for what the client has sent.
struct PreparedAnswer {
  Request request;
  GenerationOptions text;
};
PreparedAnswer PrepareAnswer(const GenerateMessage& message, const LanguageModel& model, const Dialogue& dialogue);

// One choice. Not thread-safe.
class AnswerChoice {
 public:
  // Keeps a reference to `tokenizer`. Throws UsageError as Generation does.
  AnswerChoice(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& text);

  // The request is under way as `id`.
  void Begin(RequestId id) { id_ = id; }
  RequestId id() const { return id_; }

  // Appends to `output` and `events` what the front is told after `event`, which is this request's; `events` are those
  // that end the choice. Output belongs before them.
  void Add(const Event& event, JobOutput& output, std::vector<decltype(JobEvent::what)>& events);

  // Whether a stop string has ended the text while the request still runs: it is to be cancelled.
  bool stopped() const { return generation_.stopped() && !generation_.finished(); }

 private:
  OutputToken Describe(const TokenOutput& output) const;

  const Tokenizer& tokenizer_;
  RequestId id_ = 0;
  const bool logprobs_;
  const uint32_t resumed_;  // tokens that the client has already
  uint32_t seen_ = 0;
  Generation generation_;
};

}  // namespace candor

#endif  // CANDOR_IPC_ANSWER_JOB_H_
