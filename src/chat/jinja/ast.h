// The tree of a parsed template. Made by the parser, completed by ResolveNames (scope.h), constant afterwards.
//
// Chains of equal rank (a + b + c, a.b.c, x|f|g, elif) are lists, so that the tree is only as high as the source
// nests, which the parser bounds: walking and destroying it needs no more stack than that.
#ifndef CANDOR_CHAT_JINJA_AST_H_
#define CANDOR_CHAT_JINJA_AST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/value.h"

namespace candor::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// Where a variable lives: so many scopes outwards, at that place.
struct VariableRef {
  uint32_t hops = 0;
  uint32_t slot = 0;
};

// How a variable of a scope begins when the scope is entered.
enum class Load : uint8_t {
  kParameter,  // given by the statement: a loop's target, a macro's parameter
  kContext,    // the variable that the template was rendered with, or a global function
  kOuter,      // a copy of the variable of the same name further out
  kNothing,    // set by the scope before it can be read
};
struct Symbol {
  std::string name;
  Load load = Load::kNothing;
  VariableRef outer;  // of kOuter, as seen from this scope
};
struct Scope {
  std::vector<Symbol> symbols;  // by slot
};

// --- Expressions ---

struct LiteralExpr {
  Value value;
};
struct NameExpr {
  std::string name;
  VariableRef ref;
};
struct SequenceExpr {
  bool is_tuple;
  std::vector<ExprPtr> items;
};
struct DictExpr {
  std::vector<std::pair<ExprPtr, ExprPtr>> entries;
};
struct NotExpr {
  ExprPtr operand;
};
struct SignExpr {
  bool is_negative;
  ExprPtr operand;
};
struct LogicExpr {
  bool is_and;
  std::vector<ExprPtr> operands;
};
struct CompareExpr {  // a < b <= c holds when each pair does
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct ArithmeticExpr {  // from the left
  ExprPtr first;
  std::vector<std::pair<ArithmeticOp, ExprPtr>> rest;
};
struct ConcatExpr {
  std::vector<ExprPtr> operands;
};
struct ConditionalExpr {
  ExprPtr test, then;
  ExprPtr otherwise;  // null: undefined
};

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star, double_star;  // null when absent
};
struct AttributeSuffix {
  std::string name;
};
struct ItemSuffix {
  ExprPtr key;
};
struct SliceSuffix {
  ExprPtr start, stop, step;  // null when absent
};
struct CallSuffix {
  CallArguments arguments;
};
struct FilterSuffix {
  std::string name;
  const Filter* filter;  // null: unknown, which fails only when it is reached
  CallArguments arguments;
};
struct TestSuffix {
  std::string name;
  const Test* test;  // likewise
  bool is_negated;
  CallArguments arguments;
};
struct Suffix {
  int line;
  std::variant<AttributeSuffix, ItemSuffix, SliceSuffix, CallSuffix, FilterSuffix, TestSuffix> what;
};
struct PostfixExpr {
  ExprPtr base;  // null in a filter block, whose body it filters
  std::vector<Suffix> suffixes;
};

struct Expr {
  int line;
  std::variant<LiteralExpr, NameExpr, SequenceExpr, DictExpr, NotExpr, SignExpr, LogicExpr, CompareExpr, ArithmeticExpr,
               ConcatExpr, ConditionalExpr, PostfixExpr>
      what;
};

// --- Statements ---

struct Statement;
using Body = std::vector<Statement>;

struct Target;
struct TupleTarget {
  std::vector<Target> items;
};
struct AttributeTarget {  // namespace.attribute
  NameExpr object;
  std::string attribute;
};
struct Target {
  int line;
  std::variant<NameExpr, TupleTarget, AttributeTarget> what;
};

struct TextStatement {
  std::string text;
};
struct OutputStatement {
  ExprPtr value;
};
struct IfBranch {
  ExprPtr test;
  Body body;
};
struct IfStatement {
  std::vector<IfBranch> branches;
  Body otherwise;
};
struct ForStatement {
  Target target;
  ExprPtr iterable;
  ExprPtr condition;  // null when absent
  bool is_recursive;
  Body body, otherwise;
  // The names of the target have the same slots in both of the first two; `loop` has `loop_slot` in the first.
  Scope body_scope, condition_scope, otherwise_scope;
  uint32_t loop_slot = 0;
};
struct SetStatement {
  Target target;
  ExprPtr value;
};
struct SetBlockStatement {
  Target target;
  PostfixExpr filters;
  Body body;
  Scope scope;
};
struct Parameter {
  std::string name;
  ExprPtr otherwise;  // null: undefined when not given
};
struct MacroStatement {
  std::string name;                   // empty: the block of a call block
  VariableRef ref;                    // where the macro is put; of no meaning for a call block
  std::vector<Parameter> parameters;  // slots 0, 1, ... of the scope
  Body body;
  Scope scope;
  bool has_caller_parameter = false;  // `caller` is among the parameters
  // What else the body uses, each in a slot of its own after the parameters.
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
  uint32_t caller_slot = 0, kwargs_slot = 0, varargs_slot = 0;
};
struct CallBlockStatement {
  PostfixExpr call;  // the last suffix is a call, which gets the block as `caller`
  MacroStatement block;
};
struct FilterBlockStatement {
  PostfixExpr filters;
  Body body;
  Scope scope;
};
struct WithStatement {  // also a generation block, without targets
  std::vector<std::pair<Target, ExprPtr>> assignments;
  Body body;
  Scope scope;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  int line;
  std::variant<TextStatement, OutputStatement, IfStatement, ForStatement, SetStatement, SetBlockStatement,
               MacroStatement, CallBlockStatement, FilterBlockStatement, WithStatement, BreakStatement,
               ContinueStatement>
      what;
};

struct Template {
  Body body;
  Scope scope;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_AST_H_
