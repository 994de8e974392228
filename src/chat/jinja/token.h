// What the lexer hands to the parser.
#ifndef CANDOR_CHAT_JINJA_TOKEN_H_
#define CANDOR_CHAT_JINJA_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::jinja {

enum class TokenType : uint8_t {
  kData,  // text between tags, white space control applied
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,   // text: escapes resolved
  kInteger,  // text: decimal digits
  kFloat,
  kOperator,  // text: the operator
  kEnd,
};

struct Token {
  TokenType type;
  int line;
  std::string text;
  double real = 0;

  bool IsName(std::string_view name) const { return type == TokenType::kName && text == name; }
  bool IsOperator(std::string_view symbol) const { return type == TokenType::kOperator && text == symbol; }
};

// Divides a template into tokens, as Jinja2 does with trim_blocks and lstrip_blocks. The last one is kEnd. `source`
// must be valid UTF-8. Fails with the line. Linear in the length of the source.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_TOKEN_H_
