// Counters and times in the text format of Prometheus. Every label has values from a fixed set, so that no client can
// make them grow.
#ifndef CANDOR_SERVER_METRICS_H_
#define CANDOR_SERVER_METRICS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "ipc/messages.h"
#include "server/http_server.h"

namespace candor {

class Metrics {
 public:
  // `routes`: patterns such as "/v1/models/{id}"; requests of any other count as "other".
  Metrics(const std::vector<std::string>& routes, const std::string& version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The name of a model: what is told of others is not counted.
  void ModelOffered(const std::string& model);
  void RequestEnded(std::string_view route, const RequestRecord& record);
  void AnswerEnded(const std::string& model, FinishReason reason, const Usage& usage);
  // Nobody waits for them any more; the worker does not tell of their end.
  void AnswersCancelled(const std::string& model, uint32_t answers);
  // Refused for want of room, before any model saw it.
  void RequestTurnedAway();
  void ModelLoaded(const std::string& model, const ModelFacts& facts);
  void ModelUnloaded(const std::string& model);
  // What an engine says of itself: its counters begin anew with each load, these here go on.
  void EngineTold(const std::string& model, const EngineState& state);
  // Returns how many have started.
  uint64_t WorkerStarted();
  void ConnectionsCounted(const HttpServer::Counts& counts);

  // "text/plain; version=0.0.4; charset=utf-8".
  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_METRICS_H_
