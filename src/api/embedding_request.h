// POST /v1/embeddings: bytes to a typed request.
#ifndef CANDOR_API_EMBEDDING_REQUEST_H_
#define CANDOR_API_EMBEDDING_REQUEST_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ipc/messages.h"

namespace candor {

enum class EmbeddingEncoding : uint8_t { kFloat, kBase64 };

struct EmbeddingRequest {
  std::string model;
  std::vector<std::variant<RawText, RawTokens>> inputs;  // at least one, each a job of its own
  EmbeddingEncoding encoding = EmbeddingEncoding::kFloat;
  std::optional<uint32_t> dimensions;
  std::vector<std::string> ignored;
};

// As ParseChatRequest().
EmbeddingRequest ParseEmbeddingRequest(std::string_view body);

// Throws RequestError for `dimensions` that the model does not have.
void CheckDimensions(const EmbeddingRequest& request, const ModelFacts& facts);

}  // namespace candor

#endif  // CANDOR_API_EMBEDDING_REQUEST_H_
