// The API: requests of clients to jobs of the worker, events of the worker to responses.
#ifndef CANDOR_SERVER_GATEWAY_H_
#define CANDOR_SERVER_GATEWAY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/answer_head.h"
#include "api/errors.h"
#include "api/model_list.h"
#include "server/event_loop.h"
#include "server/exchange.h"
#include "server/metrics.h"
#include "server/model_pool.h"
#include "server/routes.h"
#include "server/worker_client.h"

namespace candor {

// Who asks: a key, or everybody where no keys are asked for.
struct Caller {
  std::string id;                        // empty: everybody
  std::vector<std::string> models = {};  // that the key may use, as ApiKey::models
};

struct GatewayOptions {
  std::vector<OfferedModel> models = {};
  // What `models` would be now; asked at most once a second. Not set: they stay what they were.
  std::function<std::vector<OfferedModel>()> look_for_models = {};
  ModelPoolOptions pool;
  uint32_t parallel = 16;                           // answers that one model computes at a time
  uint32_t queue = 64;                              // that wait besides; more are refused at once
  std::map<std::string, std::string> aliases = {};  // to names of offered models; "*" stands for every other name
  ReasoningNames reasoning = ReasoningNames::kBoth;
  std::string kv_name = "f16";  // of pool.load.kv
  std::string version = {};     // of the program
  // The caller that a request's key stands for; nullopt when it has none or a wrong one. Not set: everybody may ask.
  std::function<std::optional<Caller>(const HttpRequest&)> authenticate = {};
  std::function<int64_t()> local_now = {};  // see PrepareOptions::now
  WorkerCommand worker = {};
  // Told of what happens to the worker, for the log; pool.note of what happens to models.
  std::function<void(const std::string&)> note = {};
};

class AnswerStream;
class Call;

// For the event loop's thread.
class Gateway {
 public:
  // Starts the worker. Throws IoError when that is impossible. Keeps references to `loop` and `metrics`.
  Gateway(EventLoop& loop, Metrics& metrics, GatewayOptions options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // For ServerOptions::before_body: refuses who may not ask, and what there is no room for.
  std::optional<HttpResponse> BeforeBody(const HttpRequest& request);
  void Handle(std::shared_ptr<Exchange> exchange);

  // Loads a model before anybody asks. `done` gets an empty text or why it could not be.
  void Preload(const std::string& model, std::function<void(const std::string& problem)> done);
  // No new answers from here on.
  void Drain() { draining_ = true; }
  // Ends what is under way with an error that says why.
  void Interrupt();

  // Whether the models that were to be there from the start are (see Preload()), and those that a worker has lost.
  bool ready() const { return preloading_ == 0 && worker_.ready().has_value() && !pool_.recovering(); }
  uint32_t active_answers() const { return active_; }
  const ModelPool& models() const { return pool_; }

 private:
  friend class AnswerStream;
  friend class Call;

  void Note(const std::string& text) const;
  std::optional<Caller> Authenticate(const HttpRequest& request, Route route, ApiError& error) const;
  AnswerHead Head(const std::string& id, const std::string& model, int64_t created, uint64_t seed,
                  const ModelFacts& facts) const;
  // Why `answers` more of a caller find no place; nullopt when they do.
  std::optional<ApiError> Overloaded(const Caller& caller, uint32_t answers) const;
  ApiError Full() const;
  // What tells a client which of its hints have no effect.
  static HttpFields IgnoredFields(const std::vector<std::string>& ignored);
  // Makes a call of that kind from `arguments` and starts it. Throws RequestError when it finds no place.
  template <typename Kind, typename... Arguments>
  void Begin(uint32_t places, const std::shared_ptr<Exchange>& exchange, const Caller& caller,
             Arguments&&... arguments);
  void Chat(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void Complete(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void Embed(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void CloseThought(Exchange& exchange, const std::string& id, const Caller& caller);
  void Models(Exchange& exchange, const Caller& caller);
  void OneModel(Exchange& exchange, const std::string& id, const Caller& caller);
  void Tokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void Detokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void Render(const std::shared_ptr<Exchange>& exchange, const Caller& caller);
  void LookForModels();
  // The offered model that a client calls `name`. Throws RequestError.
  std::string ModelNamed(const std::string& name, const Caller& caller);
  bool MayUse(const Caller& caller, const std::string& model) const;
  ServedModel Served(const ModelPool::Info& info) const;
  // How long a client should wait that is refused now.
  uint32_t RetrySeconds() const;
  void AnswerEnded(const std::string& id, double seconds);

  EventLoop& loop_;
  Metrics& metrics_;
  const GatewayOptions options_;
  WorkerClient worker_;
  ModelPool pool_;
  uint32_t active_ = 0;                        // answers and other calls under way or waiting
  std::map<std::string, uint32_t> active_of_;  // the same by caller; none of 0
  uint32_t preloading_ = 0;
  bool draining_ = false;
  std::chrono::steady_clock::time_point looked_for_models_;
  double answer_seconds_ = 1;  // how long answers take, a moving mean
  struct Running {
    std::string caller;
    JobId job = 0;
  };
  std::map<std::string, Running> running_;  // chat completions by their ids
  std::set<Call*> calls_;                   // under way
};

}  // namespace candor

#endif  // CANDOR_SERVER_GATEWAY_H_
