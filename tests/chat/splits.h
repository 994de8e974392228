// What the tests of the splitters share: an answer divided, as readable text.
#ifndef CANDOR_TESTS_CHAT_SPLITS_H_
#define CANDOR_TESTS_CHAT_SPLITS_H_

#include <string>
#include <vector>

#include "chat/answer_splitter.h"
#include "support/byte_tokenizer.h"

namespace candor {

// Parts one after the other: "R(thought)A(answer)T:functions.f({})". What goes on is joined, what begins is not.
inline std::string Show(const AnswerParts& parts) {
  std::string shown;
  const AnswerPart* last = nullptr;
  for (const AnswerPart& part : parts) {
    if (last != nullptr && last->role == part.role && !part.begins) {
      shown.pop_back();
    } else {
      shown += part.role == TokenRole::kReasoning ? "R" : part.role == TokenRole::kAnswer ? "A" : "T:" + part.recipient;
      shown += "(";
    }
    shown += part.bytes + ")";
    last = &part;
  }
  return shown;
}

// A token of a test: an id of the format, or text.
struct TestToken {
  TokenId id = 0;
  std::string bytes = {};
};
inline std::vector<TestToken> TestTokens(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::vector<TestToken> tokens;
  for (const TokenId id : ids) tokens.push_back({id, std::string(SpelledBytes(tokenizer, id))});
  return tokens;
}

struct SplitResult {
  std::string shown;
  uint32_t reasoning = 0, answer = 0;
};

// One list of parts for the whole answer, or one a token, joined.
inline SplitResult SplitAll(const ThinkingControl& control, const std::vector<TestToken>& tokens, bool streamed) {
  const std::unique_ptr<AnswerSplitter> splitter = MakeAnswerSplitter(control);
  AnswerParts parts;
  for (const TestToken& token : tokens) {
    AnswerParts more;
    splitter->Add(token.id, token.bytes, false, streamed ? &more : &parts);
    parts.insert(parts.end(), more.begin(), more.end());
  }
  AnswerParts rest;
  splitter->Finish(&rest);
  parts.insert(parts.end(), rest.begin(), rest.end());
  return {Show(parts), splitter->reasoning_tokens(), splitter->answer_tokens()};
}

}  // namespace candor

#endif  // CANDOR_TESTS_CHAT_SPLITS_H_
