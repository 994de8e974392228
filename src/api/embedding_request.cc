#include "api/embedding_request.h"

#include "api/field_reader.h"
#include "api/text_inputs.h"

namespace candor {

EmbeddingRequest ParseEmbeddingRequest(std::string_view body) {
  EmbeddingRequest request;
  const JsonValue json = ParseRequest(body, kEmbeddingRequest, request.ignored);
  const FieldReader reader(json);
  request.model = *reader.String("model");
  request.inputs = ReadTextInputs(*reader.Get("input"));
  if (reader.String("encoding_format") == "base64") request.encoding = EmbeddingEncoding::kBase64;
  if (const auto dimensions = reader.Integer("dimensions")) request.dimensions = static_cast<uint32_t>(*dimensions);
  return request;
}

void CheckDimensions(const EmbeddingRequest& request, const ModelFacts& facts) {
  if (!request.dimensions || *request.dimensions == facts.embedding_length) return;
  throw RequestError(InvalidField("dimensions", "invalid_value",
                                  std::to_string(*request.dimensions) + ", the model's own " +
                                      std::to_string(facts.embedding_length) + " expected: vectors are not cut"));
}

}  // namespace candor
