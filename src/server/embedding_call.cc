#include "server/embedding_call.h"

#include <utility>

namespace candor {

void EmbeddingCall::Start(Gateway& gateway, std::shared_ptr<Exchange> exchange, const std::string& caller,
                          const std::string& model, EmbeddingRequest request, HttpFields fields) {
  const std::shared_ptr<EmbeddingCall> call(
      new EmbeddingCall(gateway, std::move(exchange), caller, std::move(request), std::move(fields)));
  call->exchange_->OnLeft([weak = call->weak_from_this()] {
    if (const auto left = weak.lock()) left->Stop();
  });
  gateway.pool_.Acquire(model, [call](ModelPool::Result result) { call->OnModel(std::move(result)); });
}

EmbeddingCall::EmbeddingCall(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller,
                             EmbeddingRequest request, HttpFields fields)
    : gateway_(gateway),
      exchange_(std::move(exchange)),
      caller_(std::move(caller)),
      request_(std::move(request)),
      fields_(std::move(fields)) {
  ++gateway_.active_;
}

EmbeddingCall::~EmbeddingCall() { --gateway_.active_; }

void EmbeddingCall::OnModel(ModelPool::Result result) {
  if (over_) return;
  if (const auto* error = std::get_if<ApiError>(&result)) return RespondError(*error);
  lease_ = std::get<std::shared_ptr<ModelPool::Lease>>(std::move(result));
  try {
    CheckDimensions(request_, lease_->facts());
  } catch (const RequestError& error) {
    return RespondError(error.error());
  }
  response_.emplace(lease_->name(), request_.encoding, request_.inputs.size());
  for (size_t input = 0; input < request_.inputs.size() && !over_; ++input) {
    EmbedMessage message{gateway_.worker_.NextJob(), lease_->id(), caller_, request_.inputs[input]};
    jobs_.push_back(message.job);
    gateway_.worker_.Expect(message.job, 1,
                            [self = shared_from_this(), input](const JobEvent& event) { self->OnEvent(input, event); });
    if (!gateway_.worker_.Send(message)) {
      RespondError(WorkerDied());
      return Stop();
    }
  }
}

void EmbeddingCall::OnEvent(size_t input, const JobEvent& event) {
  if (over_) return;
  response_->Add(input, event);
  if (!response_->done()) return;
  if (response_->error()) {
    RespondError(*response_->error());
  } else {
    exchange_->Respond({.status = 200, .fields = fields_, .body = response_->Whole()});
  }
  Stop();
}

void EmbeddingCall::RespondError(const ApiError& error) {
  over_ = true;
  exchange_->Respond({.status = error.status, .fields = ErrorFields(error), .body = ErrorJson(error)});
}

void EmbeddingCall::Stop() {
  over_ = true;
  const auto self = shared_from_this();
  for (const JobId job : std::exchange(jobs_, {})) gateway_.worker_.Forget(job);
}

}  // namespace candor
