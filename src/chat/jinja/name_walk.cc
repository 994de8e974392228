#include "chat/jinja/name_walk.h"

namespace candor::jinja {
namespace {

// Overloads for every node that holds expressions.
class ExpressionWalker {
 public:
  explicit ExpressionWalker(const NameVisitor& visit) : visit_(visit) {}

  void Walk(Expr* expression) {
    if (expression) std::visit([this](auto& node) { Node(node); }, expression->what);
  }
  void Walk(const ExprPtr& expression) { Walk(expression.get()); }

  void Node(LiteralExpr&) {}
  void Node(NameExpr& node) { visit_(node); }
  void Node(SequenceExpr& node) { WalkAll(node.items); }
  void Node(DictExpr& node) {
    for (auto& [key, value] : node.entries) {
      Walk(key);
      Walk(value);
    }
  }
  void Node(NotExpr& node) { Walk(node.operand); }
  void Node(SignExpr& node) { Walk(node.operand); }
  void Node(LogicExpr& node) { WalkAll(node.operands); }
  void Node(CompareExpr& node) {
    Walk(node.first);
    for (auto& [op, operand] : node.rest) Walk(operand);
  }
  void Node(ArithmeticExpr& node) {
    Walk(node.first);
    for (auto& [op, operand] : node.rest) Walk(operand);
  }
  void Node(ConcatExpr& node) { WalkAll(node.operands); }
  void Node(ConditionalExpr& node) {
    Walk(node.test);
    Walk(node.then);
    Walk(node.otherwise);
  }
  void Node(PostfixExpr& node) {
    Walk(node.base);
    for (Suffix& suffix : node.suffixes) std::visit([this](auto& what) { Node(what); }, suffix.what);
  }
  void Node(AttributeSuffix&) {}
  void Node(ItemSuffix& node) { Walk(node.key); }
  void Node(SliceSuffix& node) {
    Walk(node.start);
    Walk(node.stop);
    Walk(node.step);
  }
  void Node(CallSuffix& node) { Walk(node.arguments); }
  void Node(FilterSuffix& node) { Walk(node.arguments); }
  void Node(TestSuffix& node) { Walk(node.arguments); }

 private:
  void Walk(CallArguments& arguments) {
    WalkAll(arguments.positional);
    for (auto& [name, value] : arguments.named) Walk(value);
    Walk(arguments.star);
    Walk(arguments.double_star);
  }
  void WalkAll(std::vector<ExprPtr>& expressions) {
    for (ExprPtr& expression : expressions) Walk(expression);
  }

  const NameVisitor& visit_;
};

// Overloads for every statement, down into the inner scopes.
class ReadSearch {
 public:
  explicit ReadSearch(std::string_view name)
      : load_([this, name](NameExpr& node) { found_ |= !stored_ && node.name == name; }),
        store_([this, name](NameExpr& node) { stored_ |= node.name == name; }),
        name_(name) {}

  bool In(Body& body) {
    for (Statement& statement : body) {
      if (found_ || stored_) break;
      std::visit([this](auto& node) { Node(node); }, statement.what);
    }
    return found_;
  }

 private:
  void Node(TextStatement&) {}
  void Node(OutputStatement& node) { Read(node.value); }
  void Node(IfStatement& node) {
    for (IfBranch& branch : node.branches) {
      Read(branch.test);
      In(branch.body);
    }
    In(node.otherwise);
  }
  void Node(ForStatement& node) {
    ForEachName(node.target, load_, store_);
    Read(node.iterable);
    In(node.body);
    In(node.otherwise);
    Read(node.condition);
  }
  void Node(SetStatement& node) {
    // The target comes first in the tree of the reference: what the value reads counts as set.
    ForEachName(node.target, load_, store_);
    Read(node.value);
  }
  void Node(SetBlockStatement& node) {
    ForEachName(node.target, load_, store_);
    ForEachName(node.filters, load_);
    In(node.body);
  }
  void Node(MacroStatement& node) {
    for (Parameter& parameter : node.parameters) stored_ |= parameter.name == name_;
    for (Parameter& parameter : node.parameters) Read(parameter.otherwise);
    In(node.body);
  }
  void Node(CallBlockStatement& node) {
    ForEachName(node.call, load_);
    Node(node.block);
  }
  void Node(FilterBlockStatement& node) {
    In(node.body);
    ForEachName(node.filters, load_);
  }
  void Node(WithStatement& node) {
    for (auto& [target, value] : node.assignments) ForEachName(target, load_, store_);
    for (auto& [target, value] : node.assignments) Read(value);
    In(node.body);
  }
  void Node(BreakStatement&) {}
  void Node(ContinueStatement&) {}

  void Read(ExprPtr& expression) { ForEachName(expression.get(), load_); }

  bool found_ = false;
  bool stored_ = false;
  const NameVisitor load_, store_;
  const std::string_view name_;
};

}  // namespace

void ForEachName(Expr* expression, const NameVisitor& visit) { ExpressionWalker(visit).Walk(expression); }

void ForEachName(PostfixExpr& expression, const NameVisitor& visit) { ExpressionWalker(visit).Node(expression); }

void ForEachName(Target& target, const NameVisitor& load, const NameVisitor& store) {
  if (auto* name = std::get_if<NameExpr>(&target.what)) return store(*name);
  if (auto* attribute = std::get_if<AttributeTarget>(&target.what)) return load(attribute->object);
  for (Target& item : std::get<TupleTarget>(target.what).items) ForEachName(item, load, store);
}

bool ReadsName(Body& body, std::string_view name) { return ReadSearch(name).In(body); }

}  // namespace candor::jinja
