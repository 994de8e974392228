#include "api/embedding_response.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

#include "api/json_writer.h"
#include "base/check.h"

namespace candor {

EmbeddingResponse::EmbeddingResponse(std::string model, EmbeddingEncoding encoding, size_t inputs)
    : model_(std::move(model)), encoding_(encoding), results_(inputs), missing_(inputs) {}

bool EmbeddingResponse::Add(size_t input, const JobEvent& event) {
  if (error_ || input >= results_.size() || results_[input]) return false;
  if (const auto* failed = std::get_if<JobFailed>(&event.what)) Fail(ErrorOf(failed->why, failed->message, "input"));
  const auto* done = std::get_if<EmbeddingDone>(&event.what);
  if (done == nullptr) return error_.has_value();
  if (!std::ranges::all_of(done->values, [](float value) { return std::isfinite(value); })) {
    Fail(ErrorOf(Refusal::kInternal, "the embedding has a value that is not finite"));
    return true;
  }
  results_[input] = *done;
  --missing_;
  return true;
}

void EmbeddingResponse::Fail(const ApiError& error) {
  if (!error_) error_ = error;
}

std::string EmbeddingResponse::Whole() const {
  CHECK(done() && !error_);
  JsonWriter json;
  uint64_t tokens = 0;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (size_t i = 0; i < results_.size(); ++i) {
    tokens += results_[i]->prompt_tokens;
    json.BeginObject().Member("object", "embedding").Member("index", i).Key("embedding");
    if (encoding_ == EmbeddingEncoding::kBase64) {
      json.Value(FloatsAsBase64(results_[i]->values));
    } else {
      json.BeginArray();
      for (const float value : results_[i]->values) {
        char digits[32];
        json.Raw({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
      }
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray().Member("model", model_);
  json.Key("usage").BeginObject().Member("prompt_tokens", tokens).Member("total_tokens", tokens);
  json.EndObject().EndObject();
  return json.Take();
}

std::string FloatsAsBase64(const std::vector<float>& values) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t bytes = 4 * values.size();
  const auto byte = [&](size_t i) {
    return i < bytes ? std::bit_cast<uint32_t>(values[i / 4]) >> 8 * (i % 4) & 255 : 0;
  };
  std::string text;
  text.reserve((bytes + 2) / 3 * 4);
  for (size_t i = 0; i < bytes; i += 3) {
    const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += kDigits[three >> 18];
    text += kDigits[three >> 12 & 63];
    text += i + 1 < bytes ? kDigits[three >> 6 & 63] : '=';
    text += i + 2 < bytes ? kDigits[three & 63] : '=';
  }
  return text;
}

}  // namespace candor
