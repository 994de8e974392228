// One request for answers under way: its jobs, and its response, whole or as a stream.
#ifndef CANDOR_SERVER_ANSWER_STREAM_H_
#define CANDOR_SERVER_ANSWER_STREAM_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/answer_writer.h"
#include "server/call.h"
#include "server/event_loop.h"

namespace candor {

// What a client has asked for, checked as far as it can be without the model.
struct AnswerPlan {
  std::string model;                  // an offered one
  std::vector<GenerateMessage> jobs;  // one a prompt, without job and model
  uint32_t choices = 1;               // of each
  bool stream = false;
  HttpFields fields;  // of the response
  std::string id;
  bool is_chat = false;  // it needs a template, and its thoughts can be closed under the id
  std::function<std::unique_ptr<AnswerWriter>(const ModelFacts&)> writer;

  uint32_t answers() const { return choices * static_cast<uint32_t>(jobs.size()); }
};

class AnswerStream : public Call {
 public:
  AnswerStream(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, AnswerPlan plan);

  void Start() override;

 private:
  void OnModel() override;
  void OnEvent(size_t prompt, const JobEvent& event) override;
  void OnLeft() override;
  void OnEnd() override;
  void Fail(const ApiError& error) override;

  void BeginStream();
  void SendEvents(const std::vector<std::string>& payloads);
  void Comment(const std::string& text);
  std::string WaitingText() const;
  void KeepAlive();

  AnswerPlan plan_;
  uint32_t unfinished_;  // answers
  const std::chrono::steady_clock::time_point began_;
  std::unique_ptr<AnswerWriter> writer_;
  bool streaming_ = false;  // the head has been sent
  EventLoop::Subscriptions keep_alive_;
  std::chrono::steady_clock::time_point last_sent_;  // or the beginning
};

}  // namespace candor

#endif  // CANDOR_SERVER_ANSWER_STREAM_H_
