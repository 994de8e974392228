// One request for embeddings: a job for each input.
#ifndef CANDOR_SERVER_EMBEDDING_CALL_H_
#define CANDOR_SERVER_EMBEDDING_CALL_H_

#include <memory>
#include <optional>
#include <string>

#include "api/embedding_request.h"
#include "api/embedding_response.h"
#include "server/call.h"

namespace candor {

class EmbeddingCall : public Call {
 public:
  EmbeddingCall(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, std::string model,
                EmbeddingRequest request, HttpFields fields);

 private:
  void OnModel() override;
  void OnEvent(size_t input, const JobEvent& event) override;

  void AskNext();

  EmbeddingRequest request_;
  const HttpFields fields_;
  std::optional<EmbeddingResponse> response_;
  size_t asked_ = 0;  // inputs that the worker has been given
};

}  // namespace candor

#endif  // CANDOR_SERVER_EMBEDDING_CALL_H_
