#include <algorithm>
#include <utility>

#include "chat/jinja/failure.h"
#include "chat/jinja/parser.h"

namespace candor::jinja {
namespace {

constexpr const char* kNesting = "the template nests";

ExprPtr MakeExpr(int line, decltype(Expr::what) what) { return std::make_unique<Expr>(Expr{line, std::move(what)}); }

std::string Describe(const Token& token) {
  switch (token.type) {
    case TokenType::kData:
      return "template data";
    case TokenType::kVariableBegin:
      return "begin of print statement";
    case TokenType::kVariableEnd:
      return "end of print statement";
    case TokenType::kBlockBegin:
      return "begin of statement block";
    case TokenType::kBlockEnd:
      return "end of statement block";
    case TokenType::kString:
      return "string";
    case TokenType::kFloat:
      return "float";
    case TokenType::kInteger:
      return "integer";
    case TokenType::kEnd:
      return "end of template";
    default:
      return token.text;
  }
}

}  // namespace

const Token& ExpressionParser::Look() {
  if (!ahead_) ahead_ = tokens_.Next();
  return *ahead_;
}

Token ExpressionParser::Next() {
  Token next = ahead_ ? *std::exchange(ahead_, std::nullopt) : tokens_.Next();
  return std::exchange(current_, std::move(next));
}

bool ExpressionParser::SkipName(std::string_view name) {
  if (!current().IsName(name)) return false;
  Next();
  return true;
}

bool ExpressionParser::SkipOperator(std::string_view symbol) {
  if (!current().IsOperator(symbol)) return false;
  Next();
  return true;
}

void ExpressionParser::ExpectOperator(std::string_view symbol) {
  if (!SkipOperator(symbol)) FailUnexpected(symbol);
}

std::string ExpressionParser::ExpectName() {
  if (current().type != TokenType::kName) FailUnexpected("name");
  return Next().text;
}

void ExpressionParser::FailUnexpected(std::string_view expected) const {
  if (current().type == TokenType::kEnd) {
    FailAt(current().line, "unexpected end of template, expected '" + std::string(expected) + "'.");
  }
  FailAt(current().line, "expected token '" + std::string(expected) + "', got '" + Describe(current()) + "'");
}

ExprPtr ExpressionParser::ParseTuple(bool allow_conditional) {
  const int line = current().line;
  std::vector<ExprPtr> items;
  bool is_tuple = false;
  while (!AtTupleEnd()) {
    items.push_back(allow_conditional ? ParseConditional() : ParseOr());
    if (!SkipOperator(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return MakeExpr(line, SequenceExpr{true, std::move(items)});
  if (items.empty()) FailAt(line, "Expected an expression, got '" + Describe(current()) + "'");
  return std::move(items[0]);
}

bool ExpressionParser::AtTupleEnd() const {
  const TokenType type = current().type;
  return type == TokenType::kVariableEnd || type == TokenType::kBlockEnd || current().IsOperator(")");
}

ExprPtr ExpressionParser::ParseConditional() {
  const DepthGuard guard(depth_, max_depth_, kNesting);
  const int line = current().line;
  const size_t unknown_before = unknown_.size();
  ExprPtr result = ParseOr();
  for (uint32_t nested = depth_; SkipName("if"); ++nested) {
    // Each wraps what is before it, one level more of the tree without a call more of the parser.
    if (nested >= max_depth_) FailLimit(std::string(kNesting) + " deeper than " + std::to_string(max_depth_));
    ConditionalExpr conditional;
    conditional.then = std::move(result);
    conditional.test = ParseOr();
    if (SkipName("else")) conditional.otherwise = ParseConditional();
    result = MakeExpr(line, std::move(conditional));
    unknown_.resize(unknown_before);
  }
  return result;
}

ExprPtr ExpressionParser::ParseOr() {
  const int line = current().line;
  ExprPtr first = ParseAnd();
  if (!current().IsName("or")) return first;
  LogicExpr logic{false, {}};
  logic.operands.push_back(std::move(first));
  while (SkipName("or")) logic.operands.push_back(ParseAnd());
  return MakeExpr(line, std::move(logic));
}

ExprPtr ExpressionParser::ParseAnd() {
  const int line = current().line;
  ExprPtr first = ParseNot();
  if (!current().IsName("and")) return first;
  LogicExpr logic{true, {}};
  logic.operands.push_back(std::move(first));
  while (SkipName("and")) logic.operands.push_back(ParseNot());
  return MakeExpr(line, std::move(logic));
}

ExprPtr ExpressionParser::ParseNot() {
  if (!current().IsName("not")) return ParseCompare();
  const DepthGuard guard(depth_, max_depth_, kNesting);
  const int line = Next().line;
  return MakeExpr(line, NotExpr{ParseNot()});
}

ExprPtr ExpressionParser::ParseCompare() {
  static constexpr std::pair<std::string_view, CompareOp> kOperators[] = {
      {"==", CompareOp::kEqual},     {"!=", CompareOp::kNotEqual}, {"<", CompareOp::kLess},
      {"<=", CompareOp::kLessEqual}, {">", CompareOp::kGreater},   {">=", CompareOp::kGreaterEqual}};
  const int line = current().line;
  CompareExpr compare;
  compare.first = ParseSum();
  while (true) {
    const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators),
                                  [&](const auto& candidate) { return current().IsOperator(candidate.first); });
    if (op != std::end(kOperators)) {
      Next();
      compare.rest.emplace_back(op->second, ParseSum());
    } else if (SkipName("in")) {
      compare.rest.emplace_back(CompareOp::kIn, ParseSum());
    } else if (current().IsName("not") && Look().IsName("in")) {
      Next();
      Next();
      compare.rest.emplace_back(CompareOp::kNotIn, ParseSum());
    } else {
      break;
    }
  }
  if (compare.rest.empty()) return std::move(compare.first);
  return MakeExpr(line, std::move(compare));
}

ExprPtr ExpressionParser::ParseArithmetic(Operators operators, ExprPtr (ExpressionParser::*operand)()) {
  const int line = current().line;
  ArithmeticExpr arithmetic;
  arithmetic.first = (this->*operand)();
  while (true) {
    const auto* op = std::find_if(operators.begin(), operators.end(),
                                  [&](const auto& candidate) { return current().IsOperator(candidate.first); });
    if (op == operators.end()) break;
    Next();
    arithmetic.rest.emplace_back(op->second, (this->*operand)());
  }
  if (arithmetic.rest.empty()) return std::move(arithmetic.first);
  return MakeExpr(line, std::move(arithmetic));
}

ExprPtr ExpressionParser::ParseSum() {
  return ParseArithmetic({{"+", ArithmeticOp::kAdd}, {"-", ArithmeticOp::kSubtract}}, &ExpressionParser::ParseConcat);
}

ExprPtr ExpressionParser::ParseConcat() {
  const int line = current().line;
  ExprPtr first = ParseProduct();
  if (!current().IsOperator("~")) return first;
  ConcatExpr concat;
  concat.operands.push_back(std::move(first));
  while (SkipOperator("~")) concat.operands.push_back(ParseProduct());
  return MakeExpr(line, std::move(concat));
}

ExprPtr ExpressionParser::ParseProduct() {
  return ParseArithmetic({{"*", ArithmeticOp::kMultiply},
                          {"/", ArithmeticOp::kDivide},
                          {"//", ArithmeticOp::kFloorDivide},
                          {"%", ArithmeticOp::kModulo}},
                         &ExpressionParser::ParsePower);
}

ExprPtr ExpressionParser::ParsePower() {
  return ParseArithmetic({{"**", ArithmeticOp::kPower}}, &ExpressionParser::ParseSigned);
}

ExprPtr ExpressionParser::ParseUnary(bool with_filters) {
  const int line = current().line;
  PostfixExpr postfix;
  if (current().IsOperator("-") || current().IsOperator("+")) {
    const DepthGuard guard(depth_, max_depth_, kNesting);
    const bool is_negative = Next().text == "-";
    postfix.base = MakeExpr(line, SignExpr{is_negative, ParseUnary(false)});
  } else {
    postfix.base = ParsePrimary();
  }
  ParsePostfix(postfix.suffixes);
  if (with_filters) ParseFilterChain(postfix.suffixes);
  if (postfix.suffixes.empty()) return std::move(postfix.base);
  return MakeExpr(line, std::move(postfix));
}

ExprPtr ExpressionParser::ParsePrimary() {
  const int line = current().line;
  const auto literal = [&](Value value) { return MakeExpr(line, LiteralExpr{std::move(value)}); };
  switch (current().type) {
    case TokenType::kName: {
      std::string name = Next().text;
      if (name == "true" || name == "True") return literal(Value::Bool(true));
      if (name == "false" || name == "False") return literal(Value::Bool(false));
      if (name == "none" || name == "None") return literal(Value());
      return MakeExpr(line, NameExpr{std::move(name), {}});
    }
    case TokenType::kString: {
      std::string text;
      while (current().type == TokenType::kString) text += Next().text;
      return literal(Value::String(std::move(text)));
    }
    case TokenType::kInteger:
      return literal(Value::BigInt(Next().text));
    case TokenType::kFloat:
      return literal(Value::Float(Next().real));
    default:
      break;
  }
  if (current().IsOperator("[")) return ParseList();
  if (current().IsOperator("{")) return ParseDict();
  if (!current().IsOperator("(")) FailAt(line, "unexpected '" + Describe(current()) + "'");
  Next();
  if (SkipOperator(")")) return MakeExpr(line, SequenceExpr{true, {}});
  ExprPtr inside = ParseTuple(true);
  ExpectOperator(")");
  return inside;
}

ExprPtr ExpressionParser::ParseList() {
  const int line = Next().line;
  SequenceExpr list{false, {}};
  while (!current().IsOperator("]")) {
    list.items.push_back(ParseConditional());
    if (!SkipOperator(",")) break;
  }
  ExpectOperator("]");
  return MakeExpr(line, std::move(list));
}

ExprPtr ExpressionParser::ParseDict() {
  const int line = Next().line;
  DictExpr dict;
  while (!current().IsOperator("}")) {
    ExprPtr key = ParseConditional();
    ExpectOperator(":");
    dict.entries.emplace_back(std::move(key), ParseConditional());
    if (!SkipOperator(",")) break;
  }
  ExpectOperator("}");
  return MakeExpr(line, std::move(dict));
}

void ExpressionParser::ParsePostfix(std::vector<Suffix>& suffixes) {
  while (true) {
    if (current().IsOperator(".") || current().IsOperator("[")) {
      suffixes.push_back(ParseSubscript());
    } else if (current().IsOperator("(")) {
      const int line = current().line;
      suffixes.push_back({line, CallSuffix{ParseArguments()}});
    } else {
      return;
    }
  }
}

void ExpressionParser::ParseFilterChain(std::vector<Suffix>& suffixes) {
  while (true) {
    if (SkipOperator("|")) {
      suffixes.push_back(ParseFilter());
    } else if (current().IsName("is")) {
      suffixes.push_back(ParseTest());
    } else if (current().IsOperator("(")) {
      const int line = current().line;
      suffixes.push_back({line, CallSuffix{ParseArguments()}});
    } else {
      return;
    }
  }
}

Suffix ExpressionParser::ParseSubscript() {
  const int line = current().line;
  if (Next().text == ".") {
    if (current().type == TokenType::kName) return {line, AttributeSuffix{Next().text}};
    if (current().type != TokenType::kInteger) FailAt(current().line, "expected name or number");
    return {line, ItemSuffix{MakeExpr(line, LiteralExpr{Value::BigInt(Next().text)})}};
  }
  SliceSuffix slice;
  ExprPtr key;
  if (!current().IsOperator(":")) key = ParseConditional();
  if (current().IsOperator(",")) {
    SequenceExpr tuple{true, {}};
    tuple.items.push_back(std::move(key));
    while (SkipOperator(",")) tuple.items.push_back(ParseConditional());
    key = MakeExpr(line, std::move(tuple));
  }
  if (!SkipOperator(":")) {
    ExpectOperator("]");
    return {line, ItemSuffix{std::move(key)}};
  }
  slice.start = std::move(key);
  const auto at_end = [&] { return current().IsOperator("]") || current().IsOperator(":"); };
  if (!at_end()) slice.stop = ParseConditional();
  if (SkipOperator(":") && !at_end()) slice.step = ParseConditional();
  ExpectOperator("]");
  return {line, std::move(slice)};
}

std::string ExpressionParser::ParseDottedName() {
  std::string name = ExpectName();
  while (SkipOperator(".")) name += "." + ExpectName();
  return name;
}

void ExpressionParser::NoteUnknown(const char* what, const std::string& name, int line) {
  if (!soft_) unknown_.emplace_back(line, "No " + std::string(what) + " named '" + name + "'.");
}

Suffix ExpressionParser::ParseFilter() {
  const int line = current().line;
  FilterSuffix filter{ParseDottedName(), nullptr, {}};
  filter.filter = FindFilter(filter.name);
  if (filter.filter == nullptr) NoteUnknown("filter", filter.name, line);
  if (current().IsOperator("(")) filter.arguments = ParseArguments();
  return {line, std::move(filter)};
}

Suffix ExpressionParser::ParseTest() {
  const int line = Next().line;
  const bool is_negated = SkipName("not");
  TestSuffix test{ParseDottedName(), nullptr, is_negated, {}};
  test.test = FindTest(test.name);
  if (test.test == nullptr) NoteUnknown("test", test.name, line);
  const Token& token = current();
  const bool is_word =
      token.type == TokenType::kName && token.text != "else" && token.text != "or" && token.text != "and";
  if (token.IsOperator("(")) {
    test.arguments = ParseArguments();
  } else if (is_word || token.type == TokenType::kString || token.type == TokenType::kInteger ||
             token.type == TokenType::kFloat || token.IsOperator("[") || token.IsOperator("{")) {
    if (token.IsName("is")) FailAt(token.line, "You cannot chain multiple tests with is");
    PostfixExpr argument{ParsePrimary(), {}};
    ParsePostfix(argument.suffixes);
    test.arguments.positional.push_back(MakeExpr(line, std::move(argument)));
  }
  return {line, std::move(test)};
}

CallArguments ExpressionParser::ParseArguments() {
  const int line = Next().line;
  CallArguments arguments;
  const auto ensure = [&](bool valid) {
    if (!valid) FailAt(line, "invalid syntax for function call expression");
  };
  while (!current().IsOperator(")")) {
    if (SkipOperator("*")) {
      ensure(!arguments.star && !arguments.double_star);
      arguments.star = ParseConditional();
    } else if (SkipOperator("**")) {
      ensure(!arguments.double_star);
      arguments.double_star = ParseConditional();
    } else if (current().type == TokenType::kName && Look().IsOperator("=")) {
      ensure(!arguments.double_star);
      std::string name = Next().text;
      Next();
      arguments.named.emplace_back(std::move(name), ParseConditional());
    } else {
      ensure(!arguments.star && !arguments.double_star && arguments.named.empty());
      arguments.positional.push_back(ParseConditional());
    }
    if (!SkipOperator(",")) break;
  }
  ExpectOperator(")");
  return arguments;
}

PostfixExpr ExpressionParser::ParseFilters(bool inline_first) {
  PostfixExpr filters;
  if (inline_first) filters.suffixes.push_back(ParseFilter());
  while (SkipOperator("|")) filters.suffixes.push_back(ParseFilter());
  return filters;
}

PostfixExpr ExpressionParser::ParseCallExpression() {
  const int line = current().line;
  ExprPtr expression = ParseConditional();
  auto* postfix = std::get_if<PostfixExpr>(&expression->what);
  if (postfix == nullptr || !std::holds_alternative<CallSuffix>(postfix->suffixes.back().what)) {
    FailAt(line, "expected call");
  }
  return std::move(*postfix);
}

}  // namespace candor::jinja
