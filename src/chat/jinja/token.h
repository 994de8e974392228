// What the lexer hands to the parser.
#ifndef CANDOR_CHAT_JINJA_TOKEN_H_
#define CANDOR_CHAT_JINJA_TOKEN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

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

// Divides a template into tokens, as Jinja2 does with trim_blocks and lstrip_blocks, each when it is asked for: what a
// template costs is what the parser makes of it. Linear in the length of the source.
class TokenStream {
 public:
  // `source` must be valid UTF-8.
  TokenStream(std::string_view source, uint32_t max_tokens);
  ~TokenStream();

  // After the last one kEnd, again and again. Fails with the line, also when there are more than `max_tokens`.
  Token Next();

 private:
  class Lexer;
  std::unique_ptr<Lexer> lexer_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_TOKEN_H_
