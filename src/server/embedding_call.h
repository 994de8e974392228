// One request for embeddings: a job for each input.
#ifndef CANDOR_SERVER_EMBEDDING_CALL_H_
#define CANDOR_SERVER_EMBEDDING_CALL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/embedding_request.h"
#include "api/embedding_response.h"
#include "server/exchange.h"
#include "server/gateway.h"

namespace candor {

// As AnswerStream.
class EmbeddingCall : public std::enable_shared_from_this<EmbeddingCall> {
 public:
  // `model` is an offered one.
  static void Start(Gateway& gateway, std::shared_ptr<Exchange> exchange, const std::string& caller,
                    const std::string& model, EmbeddingRequest request, HttpFields fields);
  ~EmbeddingCall();

 private:
  EmbeddingCall(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, EmbeddingRequest request,
                HttpFields fields);

  void OnModel(ModelPool::Result result);
  void OnEvent(size_t input, const JobEvent& event);
  void RespondError(const ApiError& error);
  void Stop();

  Gateway& gateway_;
  const std::shared_ptr<Exchange> exchange_;
  const std::string caller_;
  const EmbeddingRequest request_;
  const HttpFields fields_;
  std::shared_ptr<ModelPool::Lease> lease_;
  std::optional<EmbeddingResponse> response_;
  std::vector<JobId> jobs_;
  bool over_ = false;
};

}  // namespace candor

#endif  // CANDOR_SERVER_EMBEDDING_CALL_H_
