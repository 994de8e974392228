// Template text to tree.
#ifndef CANDOR_CHAT_JINJA_PARSER_H_
#define CANDOR_CHAT_JINJA_PARSER_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/ast.h"
#include "chat/jinja/budget.h"
#include "chat/jinja/token.h"

namespace candor::jinja {

// Parses and resolves names. Fails with the line; blocks that need other templates (include, import, extends, block)
// fail as not supported. Of the limits, those of the source's tokens and of its nesting count here.
Template Parse(std::string_view source, const TemplateLimits& limits);

// Reads tokens one by one and expressions; statements are read on top of it.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view source, const TemplateLimits& limits)
      : tokens_(source, limits.source_tokens), current_(tokens_.Next()), max_depth_(limits.depth) {}

 protected:
  const Token& current() const { return current_; }
  // The one after it.
  const Token& Look();
  // Goes on to the next token and returns the one before.
  Token Next();
  bool SkipName(std::string_view name);
  bool SkipOperator(std::string_view symbol);
  void ExpectOperator(std::string_view symbol);
  std::string ExpectName();
  [[noreturn]] void FailUnexpected(std::string_view expected) const;

  ExprPtr ParseExpression() { return ParseConditional(); }
  // One expression, or several with commas between: a tuple. Ends at the end of the tag or a closing parenthesis.
  ExprPtr ParseTuple(bool allow_conditional);
  // A chain of filters without what it filters; `inline_first`: the first has no bar before it.
  PostfixExpr ParseFilters(bool inline_first);
  // An expression that must be a call.
  PostfixExpr ParseCallExpression();

  // Whether unknown filters and tests fail only when they are reached: directly inside an if, as in Jinja2.
  bool soft_ = false;
  // The others, which fail when all has been parsed.
  std::vector<std::pair<int, std::string>> unknown_;
  uint32_t depth_ = 0;
  uint32_t max_depth() const { return max_depth_; }

 private:
  ExprPtr ParseConditional();
  ExprPtr ParseOr();
  ExprPtr ParseAnd();
  ExprPtr ParseNot();
  ExprPtr ParseCompare();
  ExprPtr ParseSum();
  ExprPtr ParseConcat();
  ExprPtr ParseProduct();
  ExprPtr ParsePower();
  ExprPtr ParseSigned() { return ParseUnary(true); }
  ExprPtr ParseUnary(bool with_filters);
  ExprPtr ParsePrimary();
  ExprPtr ParseList();
  ExprPtr ParseDict();
  using Operators = std::initializer_list<std::pair<std::string_view, ArithmeticOp>>;
  ExprPtr ParseArithmetic(Operators operators, ExprPtr (ExpressionParser::*operand)());

  void ParsePostfix(std::vector<Suffix>& suffixes);
  void ParseFilterChain(std::vector<Suffix>& suffixes);
  Suffix ParseSubscript();
  Suffix ParseFilter();
  Suffix ParseTest();
  void NoteUnknown(const char* what, const std::string& name, int line);
  CallArguments ParseArguments();
  std::string ParseDottedName();
  bool AtTupleEnd() const;

  TokenStream tokens_;
  Token current_;
  std::optional<Token> ahead_;  // when it has been looked at
  uint32_t max_depth_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_PARSER_H_
