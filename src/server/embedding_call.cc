#include "server/embedding_call.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/token_ids.h"

namespace candor {
namespace {

// Inputs of one call in the worker at a time: enough to fill its steps, and no list of thousands in its queue.
constexpr size_t kInputsAtATime = 8;

}  // namespace

EmbeddingCall::EmbeddingCall(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller,
                             std::string model, EmbeddingRequest request, HttpFields fields)
    : Call(gateway, std::move(exchange), std::move(caller), std::move(model), 1),
      request_(std::move(request)),
      fields_(std::move(fields)) {}

void EmbeddingCall::OnModel() {
  CheckDimensions(request_, lease()->facts());
  for (size_t i = 0; i < request_.inputs.size(); ++i) {
    CheckPromptIds("input", i, request_.inputs.size(), request_.inputs[i], lease()->facts());
  }
  response_.emplace(model(), request_.encoding, request_.inputs.size());
  for (size_t i = std::min(kInputsAtATime, request_.inputs.size()); i > 0 && !over(); --i) AskNext();
}

void EmbeddingCall::AskNext() {
  const size_t input = asked_++;
  Ask(EmbedMessage{.user = caller(), .input = std::move(request_.inputs[input])}, 1, input);
}

void EmbeddingCall::OnEvent(size_t input, const JobEvent& event) {
  const bool is_end = response_->Add(input, event);
  if (response_->error()) {
    Fail(*response_->error());
  } else if (response_->done()) {
    Respond({.status = 200, .fields = fields_, .body = response_->Whole()});
    End();
  } else if (is_end && asked_ < request_.inputs.size()) {
    AskNext();
  }
}

}  // namespace candor
