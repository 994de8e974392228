// A loaded model in the worker, and the jobs that are under way with it.
#ifndef CANDOR_IPC_HOSTED_MODEL_H_
#define CANDOR_IPC_HOSTED_MODEL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/dialogue.h"
#include "engine/engine.h"
#include "engine/language_model.h"
#include "ipc/answer_job.h"
#include "ipc/messages.h"

namespace candor {

// One thread at a time. Nothing that a message holds makes a member throw: what is wrong with a job becomes its
// JobFailed, and other jobs go on.
class HostedModel {
 public:
  HostedModel(LanguageModel model, const EngineOptions& options);
  HostedModel(const HostedModel&) = delete;
  HostedModel& operator=(const HostedModel&) = delete;

  // Each appends to `events` what the front is told at once; the rest comes from Step().
  void Generate(const GenerateMessage& message, std::vector<JobEvent>& events);
  void Embed(const EmbedMessage& message, std::vector<JobEvent>& events);
  void Tokenize(const TokenizeMessage& message, std::vector<JobEvent>& events) const;
  void Detokenize(const DetokenizeMessage& message, std::vector<JobEvent>& events) const;
  void Render(const RenderMessage& message, std::vector<JobEvent>& events) const;

  // Nothing happens for a job that is not this model's or has ended.
  void Cancel(JobId job);
  void CloseThought(JobId job);

  bool idle() const { return engine_.idle(); }
  // Runs the model once.
  void Step(std::vector<JobEvent>& events);

  EngineState State(ModelId id) const;
  const LanguageModel& model() const { return model_; }
  const EngineOptions& options() const { return engine_.options(); }
  bool can_chat() const { return dialogue_.can_chat(); }
  bool reasons() const { return dialogue_.reasons(); }

 private:
  struct Job {
    std::deque<AnswerChoice> choices;  // of a generation
    RequestId embedding = 0;           // of an embedding
    size_t unfinished = 0;
  };
  // Which job and choice a request of the engine belongs to.
  struct Owner {
    JobId job = 0;
    uint32_t choice = 0;
    uint32_t queue_position = 0;  // as told
  };

  // For messages: empty when it is as long as the model's own.
  std::string WhyTheContextIsShort() const;
  void TellQueue(std::vector<JobEvent>& events);
  void Take(const Event& event, std::vector<JobEvent>& events);
  void EndChoice(RequestId request);

  const LanguageModel model_;
  const Dialogue dialogue_;
  Engine engine_;
  std::map<JobId, Job> jobs_;
  std::map<RequestId, Owner> owners_;
};

}  // namespace candor

#endif  // CANDOR_IPC_HOSTED_MODEL_H_
