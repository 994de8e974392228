#include "chat/jinja/parser.h"

#include <algorithm>
#include <array>
#include <set>

#include "chat/jinja/failure.h"
#include "chat/jinja/name_walk.h"
#include "chat/jinja/scope.h"

namespace candor::jinja {
namespace {

template <typename T>
class Restore {
 public:
  Restore(T& variable, T value) : variable_(variable), old_(std::exchange(variable, value)) {}
  ~Restore() { variable_ = old_; }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& variable_;
  T old_;
};

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Template Run() {
    try {
      Template parsed{ParseBody({}), {}};
      if (!unknown_.empty()) FailAt(unknown_[0].first, unknown_[0].second);
      ResolveNames(parsed);
      return parsed;
    } catch (Failure& failure) {
      if (failure.line == 0) failure.line = current().line;
      throw;
    }
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  bool AtAny(Names names) const {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return current().IsName(name); });
  }

  // Statements up to a tag that begins with one of `ends`, whose name is then the current token.
  Body ParseBody(Names ends) {
    const DepthGuard guard(depth_, max_depth(), "the template nests");
    Body body;
    while (current().type != TokenType::kEnd) {
      const int line = current().line;
      if (current().type == TokenType::kData) {
        body.push_back({line, TextStatement{Next().text}});
      } else if (current().type == TokenType::kVariableBegin) {
        Next();
        body.push_back({line, OutputStatement{ParseTuple(true)}});
        if (current().type != TokenType::kVariableEnd) FailUnexpected("end of print statement");
        Next();
      } else {
        Next();
        if (AtAny(ends)) return body;
        ParseStatement(body);
        ExpectBlockEnd();
      }
    }
    if (ends.size() > 0) FailAt(current().line, "Unexpected end of template." + Wanted());
    return body;
  }

  // What the innermost open block waits for.
  std::string Wanted() const {
    if (open_.empty()) return "";
    std::string text;
    for (const std::string_view end : open_.back().second) {
      text += (text.empty() ? " Jinja was looking for the following tags: '" : " or '") + std::string(end) + "'";
    }
    return text + ". The innermost block that needs to be closed is '" + open_.back().first + "'.";
  }

  void ExpectBlockEnd() {
    if (current().type != TokenType::kBlockEnd) FailUnexpected("end of statement block");
    Next();
  }

  // The body of a block whose opening tag is read up to its end; the closing name is skipped.
  Body ParseBlock(std::string_view end) {
    Body body = ParseInner({end});
    Next();
    return body;
  }
  Body ParseInner(Names ends) {
    SkipOperator(":");
    ExpectBlockEnd();
    open_.emplace_back(tag_, ends);
    Body body = ParseBody(ends);
    tag_ = open_.back().first;
    open_.pop_back();
    return body;
  }

  void ParseStatement(Body& body) {
    const int line = current().line;
    if (current().type != TokenType::kName) FailAt(line, "tag name expected");
    const std::string tag = tag_ = Next().text;
    const auto add = [&](auto statement) { body.push_back({line, std::move(statement)}); };
    if (tag == "if") return add(ParseIf());
    if (tag == "for") return add(ParseFor());
    if (tag == "set") return ParseSet(body, line);
    if (tag == "macro") return add(ParseMacro());
    if (tag == "call") return add(ParseCallBlock());
    if (tag == "filter") return add(ParseFilterBlock());
    if (tag == "with") return add(ParseWith());
    if (tag == "generation") return add(ParseGeneration());
    if (tag == "print") return ParsePrint(body, line);
    if (tag == "break" || tag == "continue") {
      if (!in_loop_) FailAt(line, "'" + tag + "' outside loop");
      return tag == "break" ? add(BreakStatement{}) : add(ContinueStatement{});
    }
    static constexpr std::array<std::string_view, 6> kRefused = {"include", "import", "from",
                                                                 "extends", "block",  "autoescape"};
    if (std::find(kRefused.begin(), kRefused.end(), tag) != kRefused.end()) {
      FailAt(line, "the tag '" + tag + "' is not supported: a chat template stands alone");
    }
    FailAt(line, "Encountered unknown tag '" + tag + "'." + Wanted());
  }

  IfStatement ParseIf() {
    const Restore soft(soft_, true);
    IfStatement statement;
    while (true) {
      ExprPtr test = ParseTuple(false);
      statement.branches.push_back({std::move(test), ParseInner({"elif", "else", "endif"})});
      const std::string tag = Next().text;
      if (tag == "elif") continue;
      if (tag == "else") statement.otherwise = ParseBlock("endif");
      return statement;
    }
  }

  ForStatement ParseFor() {
    ForStatement statement{ParseTarget(false), nullptr, nullptr, false, {}, {}, {}, {}, {}};
    if (TargetNames(statement.target, "loop")) {
      FailAt(current().line, "Can't assign to special loop variable in for-loop target");
    }
    if (!SkipName("in")) FailUnexpected("in");
    statement.iterable = ParseTuple(false);
    const Restore soft(soft_, false);
    if (SkipName("if")) statement.condition = ParseExpression();
    statement.is_recursive = SkipName("recursive");
    {
      const Restore loop(in_loop_, true);
      statement.body = ParseInner({"endfor", "else"});
    }
    if (Next().text == "else") statement.otherwise = ParseBlock("endfor");
    return statement;
  }

  void ParseSet(Body& body, int line) {
    Target target = ParseTarget(true);
    if (SkipOperator("=")) {
      ExprPtr value = ParseTuple(true);
      body.push_back({line, SetStatement{std::move(target), std::move(value)}});
      return;
    }
    PostfixExpr filters = ParseFilters(false);
    const Restore soft(soft_, false);
    body.push_back({line, SetBlockStatement{std::move(target), std::move(filters), ParseBlock("endset"), {}}});
  }

  MacroStatement ParseMacro() {
    MacroStatement macro;
    macro.name = ParseTargetName();
    ParseParameters(macro);
    ParseMacroBody(macro, "endmacro");
    return macro;
  }

  CallBlockStatement ParseCallBlock() {
    CallBlockStatement statement;
    if (current().IsOperator("(")) ParseParameters(statement.block);
    statement.call = ParseCallExpression();
    ParseMacroBody(statement.block, "endcall");
    return statement;
  }

  void ParseMacroBody(MacroStatement& macro, std::string_view end) {
    const int line = current().line;
    const Restore soft(soft_, false);
    const Restore loop(in_loop_, false);
    macro.body = ParseBlock(end);
    for (const Parameter& parameter : macro.parameters) {
      if (parameter.name == "caller" && !parameter.otherwise && ReadsName(macro.body, "caller")) {
        FailAt(line,
               "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a "
               "default.");
      }
    }
  }

  void ParseParameters(MacroStatement& macro) {
    ExpectOperator("(");
    std::set<std::string> names;
    while (!current().IsOperator(")")) {
      if (!macro.parameters.empty()) ExpectOperator(",");
      const int line = current().line;
      Parameter parameter{ParseTargetName(), nullptr};
      if (!names.insert(parameter.name).second) {
        FailAt(line, "duplicate argument '" + parameter.name + "' in a signature");
      }
      if (SkipOperator("=")) {
        const Restore soft(soft_, false);
        parameter.otherwise = ParseExpression();
      } else if (!macro.parameters.empty() && macro.parameters.back().otherwise) {
        FailAt(line, "non-default argument follows default argument");
      }
      macro.has_caller_parameter |= parameter.name == "caller";
      macro.parameters.push_back(std::move(parameter));
    }
    ExpectOperator(")");
  }

  FilterBlockStatement ParseFilterBlock() {
    const Restore soft(soft_, false);
    FilterBlockStatement statement;
    statement.filters = ParseFilters(true);
    statement.body = ParseBlock("endfilter");
    return statement;
  }

  WithStatement ParseWith() {
    WithStatement statement;
    while (current().type != TokenType::kBlockEnd) {
      if (!statement.assignments.empty()) ExpectOperator(",");
      Target target = ParseTarget(false);
      ExpectOperator("=");
      statement.assignments.emplace_back(std::move(target), ParseExpression());
    }
    const Restore soft(soft_, false);
    statement.body = ParseBlock("endwith");
    return statement;
  }

  // transformers marks the assistant's tokens for training with it; here it is what is inside.
  WithStatement ParseGeneration() {
    const Restore soft(soft_, false);
    const Restore loop(in_loop_, false);
    WithStatement statement;
    statement.body = ParseBlock("endgeneration");
    return statement;
  }

  void ParsePrint(Body& body, int line) {
    while (current().type != TokenType::kBlockEnd) {
      body.push_back({line, OutputStatement{ParseExpression()}});
      if (current().type != TokenType::kBlockEnd) ExpectOperator(",");
    }
  }

  std::string ParseTargetName() {
    const int line = current().line;
    std::string name = ExpectName();
    static constexpr std::array<std::string_view, 6> kConstants = {"true", "false", "none", "True", "False", "None"};
    if (std::find(kConstants.begin(), kConstants.end(), name) != kConstants.end()) {
      FailAt(line, "can't assign to 'const'");
    }
    return name;
  }

  // What may stand before "=" or "in": names, and tuples of them with or without parentheses.
  Target ParseTarget(bool allow_attributes) {
    const DepthGuard guard(depth_, max_depth(), "the template nests");
    const int line = current().line;
    const auto at_end = [&] {
      return current().IsOperator("=") || current().IsOperator(")") || current().type == TokenType::kBlockEnd;
    };
    TupleTarget tuple;
    bool is_tuple = false;
    while (!at_end()) {
      tuple.items.push_back(ParseTargetItem(allow_attributes));
      if (!SkipOperator(",")) break;
      is_tuple = true;
    }
    if (is_tuple) return {line, std::move(tuple)};
    if (tuple.items.empty()) FailUnexpected("name");
    return std::move(tuple.items[0]);
  }

  Target ParseTargetItem(bool allow_attributes) {
    const int line = current().line;
    if (SkipOperator("(")) {
      Target inside = ParseTarget(false);
      ExpectOperator(")");
      return inside;
    }
    std::string name = ParseTargetName();
    if (!allow_attributes || !SkipOperator(".")) return {line, NameExpr{std::move(name), {}}};
    return {line, AttributeTarget{NameExpr{std::move(name), {}}, ExpectName()}};
  }

  static bool TargetNames(const Target& target, std::string_view name) {
    if (const auto* plain = std::get_if<NameExpr>(&target.what)) return plain->name == name;
    const auto* tuple = std::get_if<TupleTarget>(&target.what);
    return tuple != nullptr && std::any_of(tuple->items.begin(), tuple->items.end(),
                                           [&](const Target& item) { return TargetNames(item, name); });
  }

  bool in_loop_ = false;
  std::string tag_;  // of the statement that is being read
  std::vector<std::pair<std::string, std::vector<std::string_view>>> open_;
};

}  // namespace

Template Parse(std::string_view source, const TemplateLimits& limits) { return Parser(source, limits).Run(); }

}  // namespace candor::jinja
