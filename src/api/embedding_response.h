// From the events of one job for each input to the response of POST /v1/embeddings.
#ifndef CANDOR_API_EMBEDDING_RESPONSE_H_
#define CANDOR_API_EMBEDDING_RESPONSE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/embedding_request.h"
#include "api/errors.h"
#include "ipc/messages.h"

namespace candor {

class EmbeddingResponse {
 public:
  EmbeddingResponse(std::string model, EmbeddingEncoding encoding, size_t inputs);

  // An event of the job of input number `input`; others than its end change nothing. Returns whether it was that.
  bool Add(size_t input, const JobEvent& event);
  void Fail(const ApiError& error);

  // All are there, or one has failed.
  bool done() const { return error_.has_value() || missing_ == 0; }
  const std::optional<ApiError>& error() const { return error_; }

  // {object, data, model, usage}. Only when done() and without an error.
  std::string Whole() const;

 private:
  std::string model_;
  EmbeddingEncoding encoding_;
  std::vector<std::optional<EmbeddingDone>> results_;
  size_t missing_;
  std::optional<ApiError> error_;
};

// RFC 4648, with padding, of the values' 32 bits each, least significant byte first.
std::string FloatsAsBase64(const std::vector<float>& values);

}  // namespace candor

#endif  // CANDOR_API_EMBEDDING_RESPONSE_H_
