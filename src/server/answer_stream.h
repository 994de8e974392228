// One request for answers, from the model it asks for to the last byte of its response.
#ifndef CANDOR_SERVER_ANSWER_STREAM_H_
#define CANDOR_SERVER_ANSWER_STREAM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/answer_writer.h"
#include "server/event_loop.h"
#include "server/exchange.h"
#include "server/gateway.h"

namespace candor {

// What a client has asked for, checked as far as it can be without the model.
struct AnswerPlan {
  std::string model;                  // an offered one
  std::vector<GenerateMessage> jobs;  // one a prompt, without job and model
  uint32_t choices = 1;               // of each
  bool stream = false;
  HttpFields fields;  // of the response
  std::string id;
  bool closable = false;  // its thoughts can be closed under this id
  std::function<std::unique_ptr<AnswerWriter>(const ModelFacts&)> writer;
};

// Owned by whoever it waits for: the pool while the model loads, then the worker client; when it waits for nothing any
// more it is gone, and with it its jobs and its place in the queue.
class AnswerStream : public std::enable_shared_from_this<AnswerStream> {
 public:
  static void Start(Gateway& gateway, std::shared_ptr<Exchange> exchange, const std::string& caller, AnswerPlan plan);
  ~AnswerStream();

 private:
  AnswerStream(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, AnswerPlan plan);

  void OnModel(ModelPool::Result result);
  void OnEvent(size_t prompt, const JobEvent& event);
  void OnLeft();
  void BeginStream();
  void SendEvents(const std::vector<std::string>& payloads);
  void Comment(const std::string& text);
  std::string WaitingText() const;
  void KeepAlive();
  void RespondError(const ApiError& error);
  void Stop();

  Gateway& gateway_;
  const std::shared_ptr<Exchange> exchange_;
  const std::string caller_;
  AnswerPlan plan_;
  const std::chrono::steady_clock::time_point began_;
  std::shared_ptr<ModelPool::Lease> lease_;
  std::unique_ptr<AnswerWriter> writer_;
  std::vector<JobId> jobs_;
  uint32_t unfinished_ = 0;  // answers
  bool streaming_ = false;   // the head has been sent
  bool over_ = false;
  EventLoop::Subscriptions keep_alive_;
  std::chrono::steady_clock::time_point last_sent_;  // or the beginning
};

}  // namespace candor

#endif  // CANDOR_SERVER_ANSWER_STREAM_H_
