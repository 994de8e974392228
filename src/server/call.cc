#include "server/call.h"

#include <variant>

#include "server/response_head.h"

namespace candor {

Call::Call(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, std::string model, uint32_t places)
    : gateway_(gateway),
      exchange_(std::move(exchange)),
      caller_(std::move(caller)),
      model_(std::move(model)),
      places_(places) {
  gateway_.active_ += places_;
  gateway_.active_of_[caller_] += places_;
  gateway_.calls_.insert(this);
}

Call::~Call() {
  if (!over_) LeaveQueue();
}

void Call::LeaveQueue() {
  gateway_.active_ -= places_;
  const auto own = gateway_.active_of_.find(caller_);
  if ((own->second -= places_) == 0) gateway_.active_of_.erase(own);
  gateway_.calls_.erase(this);
}

void Call::Start() {
  exchange_->OnLeft([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->over_) return;
    self->OnLeft();
    self->End();
  });
  gateway_.pool_.Acquire(
      model_, [self = shared_from_this()](ModelPool::Result result) { self->Take(std::move(result)); }, this);
}

void Call::Take(ModelPool::Result result) {
  if (over_) return;
  if (const auto* error = std::get_if<ApiError>(&result)) return Fail(*error);
  lease_ = std::get<std::shared_ptr<ModelPool::Lease>>(std::move(result));
  try {
    OnModel();
  } catch (const RequestError& error) {
    Fail(error.error());
  }
}

WorkerClient& Call::worker() const { return gateway_.worker_; }

void Call::Expect(JobId job, uint32_t ends, size_t index) {
  jobs_.push_back(job);
  worker().Expect(job, ends, [self = shared_from_this(), index](const JobEvent& event) {
    if (!self->over_) self->OnEvent(index, event);
  });
}

void Call::Sent(WorkerClient::Sent sent) {
  if (sent == WorkerClient::Sent::kYes) return;
  Fail(sent == WorkerClient::Sent::kFull ? gateway_.Full() : WorkerDied());
}

void Call::Respond(HttpResponse response) { exchange_->Respond(std::move(response)); }

void Call::Fail(const ApiError& error) {
  Respond(ErrorResponse(error));
  End();
}

void Call::End() {
  if (over_) return;
  const auto self = shared_from_this();  // what is given up below may be all that holds it
  over_ = true;
  LeaveQueue();
  gateway_.pool_.GiveUp(model_, this);
  for (const JobId job : std::exchange(jobs_, {})) worker().Forget(job);
  OnEnd();
  lease_.reset();
}

}  // namespace candor
