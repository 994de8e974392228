#include "api/token_ids.h"

#include <algorithm>

#include "api/errors.h"

namespace candor {
namespace {

bool IsToken(TokenId token, const ModelFacts& facts) {
  return token >= 0 && static_cast<uint32_t>(token) < facts.vocabulary;
}

[[noreturn]] void RefuseToken(const std::string& place, TokenId token, const ModelFacts& facts) {
  throw RequestError(InvalidField(place, "invalid_value",
                                  "found " + std::to_string(token) + ", expected a token of the model, 0 to " +
                                      std::to_string(facts.vocabulary - 1)));
}

}  // namespace

std::string ItemOf(const std::string& field, size_t index) {
  return std::string(field).append("[").append(std::to_string(index)).append("]");
}

void CheckTokenIds(const std::string& field, std::span<const TokenId> tokens, const ModelFacts& facts) {
  const auto wrong = std::ranges::find_if(tokens, [&](TokenId token) { return !IsToken(token, facts); });
  if (wrong == tokens.end()) return;
  RefuseToken(ItemOf(field, static_cast<size_t>(wrong - tokens.begin())), *wrong, facts);
}

void CheckTokenIds(const GenerateMessage& job, const ModelFacts& facts) {
  CheckTokenIds("continue_tokens", job.answer_prefix, facts);
  for (const LogitBias& bias : job.sampling.logit_bias) {
    if (!IsToken(bias.token, facts)) RefuseToken("logit_bias." + std::to_string(bias.token), bias.token, facts);
  }
}

}  // namespace candor
