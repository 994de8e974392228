// Runs a parsed template.
#ifndef CANDOR_CHAT_JINJA_EVALUATOR_H_
#define CANDOR_CHAT_JINJA_EVALUATOR_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/ast.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {

// The variables of one scope while it runs. A macro keeps the frames around it: such a frame is pinned and lives as
// long as the rendering.
struct Frame {
  const Scope* scope;
  Frame* parent;
  std::vector<Value> slots;
  bool is_pinned = false;
  bool is_over = false;  // left for good: what it held is gone, as in the reference
};

class Loop;

// One rendering. `variables` is a dict.
class Evaluator {
 public:
  Evaluator(Runtime& runtime, const Value& variables) : runtime_(runtime), variables_(variables) {}
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  // The output. Throws Failure, and line() says where.
  std::string Run(const Template& parsed);
  // The line of the node that was evaluated last.
  int line() const { return line_; }

  // What a call of a macro (or of a call block's `caller`) renders; `frame` is the scope it was defined in.
  Value CallMacro(const MacroStatement& macro, Frame* frame, Arguments arguments);
  // What the body of a recursive loop renders over other elements; `frame` is the scope around the loop.
  Value Recurse(const ForStatement& statement, Frame* frame, const Value& iterable, int64_t depth0);
  // Whether an element passes the condition of a loop, in the frame of the condition.
  bool Passes(const ForStatement& statement, Frame& frame, const Value& element);

  Runtime& runtime() { return runtime_; }

 private:
  enum class Flow { kNormal, kBreak, kContinue };
  class ScopedFrame;

  // Statements.
  Flow Execute(const Body& body);
  Flow Run(const TextStatement& statement);
  Flow Run(const OutputStatement& statement);
  Flow Run(const IfStatement& statement);
  Flow Run(const ForStatement& statement);
  Flow Run(const SetStatement& statement);
  Flow Run(const SetBlockStatement& statement);
  Flow Run(const MacroStatement& statement);
  Flow Run(const CallBlockStatement& statement);
  Flow Run(const FilterBlockStatement& statement);
  Flow Run(const WithStatement& statement);
  Flow Run(const BreakStatement&) { return Flow::kBreak; }
  Flow Run(const ContinueStatement&) { return Flow::kContinue; }

  void RunLoop(const ForStatement& statement, const Value& iterable, int64_t depth0);
  void BindArguments(const MacroStatement& macro, Frame& frame, Arguments arguments);
  Value MakeMacro(const MacroStatement& macro);
  void Assign(const Target& target, Value value);
  void Unpack(const TupleTarget& target, const Value& value);
  // Adds to the output what must be text: filter and call blocks put nothing else there.
  void AppendText(const Value& value);
  // What `body` renders in the current frame, and how it ended.
  std::pair<Value, Flow> Capture(const Body& body);

  // Frames.
  void EnterFrame(Frame& frame);
  Value FromContext(const std::string& name);
  Value& Slot(VariableRef ref);
  void PinFrames();

  // Expressions.
  Value Evaluate(const Expr& expression);
  Value Evaluate(const LiteralExpr& node) { return node.value; }
  Value Evaluate(const NameExpr& node);
  Value Evaluate(const SequenceExpr& node);
  Value Evaluate(const DictExpr& node);
  Value Evaluate(const NotExpr& node);
  Value Evaluate(const SignExpr& node);
  Value Evaluate(const LogicExpr& node);
  Value Evaluate(const CompareExpr& node);
  Value Evaluate(const ArithmeticExpr& node);
  Value Evaluate(const ConcatExpr& node);
  Value Evaluate(const ConditionalExpr& node);
  Value Evaluate(const PostfixExpr& node);
  // `value` with the suffixes from `begin` to `end` applied in order.
  Value ApplySuffixes(const std::vector<Suffix>& suffixes, size_t begin, size_t end, Value value);
  Value Apply(const AttributeSuffix& suffix, const Value& value);
  Value Apply(const ItemSuffix& suffix, const Value& value);
  Value Apply(const SliceSuffix& suffix, const Value& value);
  Value Apply(const CallSuffix& suffix, const Value& value);
  Value Apply(const FilterSuffix& suffix, const Value& value);
  Value Apply(const TestSuffix& suffix, const Value& value);
  Arguments EvaluateArguments(const CallArguments& arguments);
  Value EvaluateOr(const ExprPtr& expression, Value otherwise);

  Runtime& runtime_;
  const Value& variables_;
  Frame* frame_ = nullptr;
  TextBuilder* out_ = nullptr;
  int line_ = 1;
  uint32_t call_depth_ = 0;
  std::vector<std::unique_ptr<Frame>> pinned_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_EVALUATOR_H_
