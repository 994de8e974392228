// Numbers of tokens in a request, which can be checked when the model is there.
#ifndef CANDOR_API_TOKEN_IDS_H_
#define CANDOR_API_TOKEN_IDS_H_

#include <cstddef>
#include <span>
#include <string>

#include "ipc/messages.h"

namespace candor {

// Throws RequestError naming the item of `field` that is no token of the model.
void CheckTokenIds(const std::string& field, std::span<const TokenId> tokens, const ModelFacts& facts);
// The same for all that a job has besides its prompt.
void CheckTokenIds(const GenerateMessage& job, const ModelFacts& facts);
// The same for prompt `number` of `count`, if it is given as tokens: when there is one, `field` is that one.
template <typename Input>
void CheckPromptIds(const std::string& field, size_t number, size_t count, const Input& input, const ModelFacts& facts);

// "field[3]".
std::string ItemOf(const std::string& field, size_t index);

// ---------------------------------------------------------------- details

template <typename Input>
void CheckPromptIds(const std::string& field, size_t number, size_t count, const Input& input,
                    const ModelFacts& facts) {
  const auto* tokens = std::get_if<RawTokens>(&input);
  if (tokens != nullptr) CheckTokenIds(count == 1 ? field : ItemOf(field, number), *tokens, facts);
}

}  // namespace candor

#endif  // CANDOR_API_TOKEN_IDS_H_
