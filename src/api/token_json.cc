#include "api/token_json.h"

#include <cmath>

namespace candor {
namespace {

void WriteToken(TokenId id, const std::string& bytes, bool named, double logprob, JsonWriter& json) {
  json.Member("token", bytes).Member("token_id", id).Member("logprob", FiniteLogprob(logprob));
  if (named) {
    json.Member("bytes", nullptr);
    return;
  }
  json.Key("bytes").BeginArray();
  for (const char c : bytes) json.Value(static_cast<unsigned>(static_cast<unsigned char>(c)));
  json.EndArray();
}

}  // namespace

double FiniteLogprob(double logprob) { return std::isfinite(logprob) ? logprob : kLeastLogprob; }

void WriteLogprobEntry(const OutputToken& token, JsonWriter& json) {
  json.BeginObject();
  WriteToken(token.id, token.bytes, token.named, token.logprob.value_or(kLeastLogprob), json);
  json.Key("top_logprobs").BeginArray();
  for (const LikelyToken& likely : token.top) {
    json.BeginObject();
    WriteToken(likely.id, likely.bytes, likely.named, likely.logprob, json);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace candor
