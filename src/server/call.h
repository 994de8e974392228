// A request that the worker has a part in: from its wait for a model to its response.
#ifndef CANDOR_SERVER_CALL_H_
#define CANDOR_SERVER_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/errors.h"
#include "server/exchange.h"
#include "server/gateway.h"
#include "server/model_pool.h"
#include "server/worker_client.h"

namespace candor {

// Owned by whoever it waits for: the pool while the model loads, then the worker client. When it has responded, or its
// client has left, it waits for nothing any more and is gone: its jobs are cancelled, its model may be unloaded and its
// places in the queue are free.
class Call : public std::enable_shared_from_this<Call> {
 public:
  virtual ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Waits for the model, then OnModel().
  virtual void Start();
  // The server stops: the call fails.
  void Interrupt() {
    if (!over_) Fail(ShuttingDown());
  }

 protected:
  // `caller` is a Caller::id, `model` an offered one. The call takes `places` of those that the gateway has for what is
  // under way.
  Call(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, std::string model, uint32_t places);

  // The model is there: see lease(). May throw RequestError.
  virtual void OnModel() = 0;
  // What becomes of the job that Ask() was given `index` with.
  virtual void OnEvent(size_t index, const JobEvent& event) = 0;
  // The client has left before the response was whole: the call ends.
  virtual void OnLeft() {}
  // The call ends, once.
  virtual void OnEnd() {}
  // Responds with an error and ends.
  virtual void Fail(const ApiError& error);

  // Sends a job or a query, whose members `job` and `model` this sets, that ends with `ends` of its choices. When the
  // worker takes none, the call fails.
  template <typename Message>
  JobId Ask(Message message, uint32_t ends, size_t index) {
    const JobId job = message.job = worker().NextJob();
    message.model = lease_->id();
    Expect(job, ends, index);
    Sent(worker().Send(std::move(message)));
    return job;
  }

  void Respond(HttpResponse response);
  void End();

  Gateway& gateway() const { return gateway_; }
  Exchange& exchange() const { return *exchange_; }
  const std::string& caller() const { return caller_; }
  const std::string& model() const { return model_; }
  const ModelPool::Lease* lease() const { return lease_.get(); }
  bool over() const { return over_; }

 private:
  WorkerClient& worker() const;
  void Expect(JobId job, uint32_t ends, size_t index);
  void Sent(WorkerClient::Sent sent);
  void Take(ModelPool::Result result);
  void LeaveQueue();

  Gateway& gateway_;
  const std::shared_ptr<Exchange> exchange_;
  const std::string caller_;
  const std::string model_;
  const uint32_t places_;
  std::shared_ptr<ModelPool::Lease> lease_;
  std::vector<JobId> jobs_;
  bool over_ = false;
};

}  // namespace candor

#endif  // CANDOR_SERVER_CALL_H_
