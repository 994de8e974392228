#include "chat/jinja/evaluator.h"

#include "chat/jinja/failure.h"
#include "chat/jinja/globals.h"
#include "chat/jinja/loop.h"
#include "chat/jinja/macro.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {

// Makes a frame the current one while it lives.
class Evaluator::ScopedFrame {
 public:
  ScopedFrame(Evaluator& evaluator, const Scope& scope, Frame* parent)
      : evaluator_(evaluator), outside_(evaluator.frame_), frame_(std::make_unique<Frame>(Frame{&scope, parent, {}})) {
    evaluator_.frame_ = frame_.get();
  }
  ~ScopedFrame() {
    evaluator_.frame_ = outside_;
    frame_->is_over = !outlives_;
    if (frame_->is_pinned) evaluator_.pinned_.push_back(std::move(frame_));
  }
  ScopedFrame(const ScopedFrame&) = delete;
  ScopedFrame& operator=(const ScopedFrame&) = delete;

  Frame& frame() { return *frame_; }
  // Macros defined in this frame may be called after it is left.
  void Outlive() { outlives_ = true; }

 private:
  Evaluator& evaluator_;
  Frame* outside_;
  std::unique_ptr<Frame> frame_;
  bool outlives_ = false;
};

Evaluator::~Evaluator() {
  // Pinned frames hold macros, and macros frames: all values go before the first frame does.
  for (const auto& frame : pinned_) frame->slots.clear();
}

std::string Evaluator::Run(const Template& parsed) {
  TextBuilder out(runtime_.budget);
  out_ = &out;
  {
    ScopedFrame root(*this, parsed.scope, nullptr);
    EnterFrame(root.frame());
    Execute(parsed.body);
  }
  return out.Take();
}

Evaluator::Flow Evaluator::Execute(const Body& body) {
  const DepthGuard guard(runtime_.recursion, kMaxRecursion, "the rendering nests");
  for (const Statement& statement : body) {
    line_ = statement.line;
    runtime_.budget.Step();
    const Flow flow = std::visit([this](const auto& node) { return Run(node); }, statement.what);
    if (flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const TextStatement& statement) {
  out_->Append(statement.text);
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const OutputStatement& statement) {
  const Value value = Evaluate(*statement.value);
  AppendStr(runtime_, *out_, value);
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const IfStatement& statement) {
  for (const IfBranch& branch : statement.branches) {
    if (Truth(runtime_, Evaluate(*branch.test))) return Execute(branch.body);
  }
  return Execute(statement.otherwise);
}

Evaluator::Flow Evaluator::Run(const ForStatement& statement) {
  RunLoop(statement, Evaluate(*statement.iterable), 0);
  return Flow::kNormal;
}

void Evaluator::RunLoop(const ForStatement& statement, const Value& iterable, int64_t depth0) {
  Frame* const around = frame_;
  // One frame serves all elements, as the variables of one function do: a macro of the body sees the latest.
  ScopedFrame body(*this, statement.body_scope, around);
  std::unique_ptr<Frame> condition;
  if (statement.condition) condition = std::make_unique<Frame>(Frame{&statement.condition_scope, around, {}});
  const auto loop = std::make_shared<Loop>(*this, statement, around, iterable, depth0, condition.get());
  const LoopGuard guard(*loop);

  // As in the reference, an element that ends by `continue` or `break` does not count against the else branch.
  bool completed = false;
  Value element;
  while (loop->Advance(element)) {
    EnterFrame(body.frame());
    Assign(statement.target, std::move(element));
    body.frame().slots[statement.loop_slot] = Value::Host(loop);
    const Flow flow = Execute(statement.body);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNormal) completed = true;
  }
  if (completed || statement.otherwise.empty()) return;
  ScopedFrame otherwise(*this, statement.otherwise_scope, around);
  EnterFrame(otherwise.frame());
  Execute(statement.otherwise);
}

bool Evaluator::Passes(const ForStatement& statement, Frame& frame, const Value& element) {
  Frame* const outside = std::exchange(frame_, &frame);
  EnterFrame(frame);
  Assign(statement.target, element);
  const bool passes = Truth(runtime_, Evaluate(*statement.condition));
  frame_ = outside;
  return passes;
}

Value Evaluator::Recurse(const ForStatement& statement, Frame* frame, const Value& iterable, int64_t depth0) {
  const DepthGuard guard(call_depth_, runtime_.budget.limits().depth, "loops call themselves");
  const int line = line_;
  TextBuilder out(runtime_.budget);
  TextBuilder* const outside = std::exchange(out_, &out);
  Frame* const frame_outside = std::exchange(frame_, frame);
  RunLoop(statement, iterable, depth0);
  frame_ = frame_outside;
  out_ = outside;
  line_ = line;
  return out.Finish();
}

Evaluator::Flow Evaluator::Run(const SetStatement& statement) {
  Assign(statement.target, Evaluate(*statement.value));
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const SetBlockStatement& statement) {
  Value value;
  Flow flow;
  {
    ScopedFrame scoped(*this, statement.scope, frame_);
    EnterFrame(scoped.frame());
    std::tie(value, flow) = Capture(statement.body);
    if (flow != Flow::kNormal) return flow;
    value = ApplySuffixes(statement.filters.suffixes, 0, statement.filters.suffixes.size(), std::move(value));
  }
  Assign(statement.target, std::move(value));
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const FilterBlockStatement& statement) {
  ScopedFrame scoped(*this, statement.scope, frame_);
  EnterFrame(scoped.frame());
  auto [value, flow] = Capture(statement.body);
  if (flow != Flow::kNormal) return flow;
  const auto& filters = statement.filters.suffixes;
  AppendText(ApplySuffixes(filters, 0, filters.size(), std::move(value)));
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const WithStatement& statement) {
  std::vector<Value> values;
  for (const auto& [target, value] : statement.assignments) values.push_back(Evaluate(*value));
  ScopedFrame scoped(*this, statement.scope, frame_);
  EnterFrame(scoped.frame());
  for (size_t i = 0; i < values.size(); ++i) Assign(statement.assignments[i].first, std::move(values[i]));
  return Execute(statement.body);
}

Evaluator::Flow Evaluator::Run(const MacroStatement& statement) {
  Slot(statement.ref) = MakeMacro(statement);
  return Flow::kNormal;
}

Evaluator::Flow Evaluator::Run(const CallBlockStatement& statement) {
  const auto& suffixes = statement.call.suffixes;
  const Value base = Evaluate(*statement.call.base);
  const Value callable = ApplySuffixes(suffixes, 0, suffixes.size() - 1, base);
  line_ = suffixes.back().line;
  Arguments arguments = EvaluateArguments(std::get<CallSuffix>(suffixes.back().what).arguments);
  arguments.named.emplace_back("caller", MakeMacro(statement.block));
  AppendText(Call(runtime_, callable, std::move(arguments)));
  return Flow::kNormal;
}

void Evaluator::AppendText(const Value& value) {
  if (!value.is_string()) Fail("expected str instance, " + std::string(TypeName(value)) + " found");
  out_->Append(value.utf8());
}

Value Evaluator::MakeMacro(const MacroStatement& macro) {
  PinFrames();
  runtime_.budget.Build(sizeof(Macro));
  return Value::Host(std::make_shared<Macro>(*this, macro, frame_));
}

Value Evaluator::CallMacro(const MacroStatement& macro, Frame* frame, Arguments arguments) {
  const DepthGuard guard(call_depth_, runtime_.budget.limits().depth, "macros call each other");
  for (const Frame* outer = frame; outer; outer = outer->parent) {
    if (outer->is_over) Fail("calling a macro outside the block that defines it is not supported");
  }
  const int line = line_;
  TextBuilder out(runtime_.budget);
  {
    ScopedFrame scoped(*this, macro.scope, frame);
    scoped.Outlive();
    EnterFrame(scoped.frame());
    BindArguments(macro, scoped.frame(), std::move(arguments));
    TextBuilder* const outside = std::exchange(out_, &out);
    Execute(macro.body);
    out_ = outside;
  }
  line_ = line;
  return out.Finish();
}

void Evaluator::BindArguments(const MacroStatement& macro, Frame& frame, Arguments arguments) {
  auto& positional = arguments.positional;
  auto& named = arguments.named;
  const size_t count = macro.parameters.size();
  const std::string label = macro.name.empty() ? "None" : "'" + macro.name + "'";
  const auto take_named = [&](std::string_view name) -> Value {
    runtime_.budget.Step(1 + named.size() / 8);
    for (size_t i = 0; i < named.size(); ++i) {
      if (named[i].first != name) continue;
      Value value = std::move(named[i].second);
      named.erase(named.begin() + static_cast<std::ptrdiff_t>(i));
      return value;
    }
    return Value::Missing();
  };
  for (size_t i = 0; i < count; ++i) {
    frame.slots[i] = i < positional.size() ? positional[i] : take_named(macro.parameters[i].name);
  }
  if (macro.uses_caller) {
    Value caller = take_named("caller");
    frame.slots[macro.caller_slot] = caller.is_missing() ? Value::Undefined("No caller defined") : std::move(caller);
  }
  if (macro.uses_kwargs) {
    std::vector<std::pair<Value, Value>> entries;
    for (auto& [name, value] : named) entries.emplace_back(NewText(runtime_, name), std::move(value));
    frame.slots[macro.kwargs_slot] = Value::MakeDict(std::move(entries), &runtime_.budget);
  } else if (!named.empty()) {
    Fail("macro " + label + " takes no keyword argument '" + named[0].first + "'");
  }
  if (macro.uses_varargs) {
    std::vector<Value> rest(positional.begin() + static_cast<std::ptrdiff_t>(std::min(count, positional.size())),
                            positional.end());
    frame.slots[macro.varargs_slot] = NewTuple(runtime_, std::move(rest));
  } else if (positional.size() > count) {
    Fail("macro " + label + " takes not more than " + std::to_string(count) + " argument(s)");
  }
  for (size_t i = 0; i < count; ++i) {
    if (!frame.slots[i].is_missing()) continue;
    const Parameter& parameter = macro.parameters[i];
    frame.slots[i] = parameter.otherwise ? Evaluate(*parameter.otherwise)
                                         : Value::Undefined("parameter '" + parameter.name + "' was not provided");
  }
}

std::pair<Value, Evaluator::Flow> Evaluator::Capture(const Body& body) {
  TextBuilder out(runtime_.budget);
  TextBuilder* const outside = std::exchange(out_, &out);
  const Flow flow = Execute(body);
  out_ = outside;
  return {out.Finish(), flow};
}

void Evaluator::Assign(const Target& target, Value value) {
  if (const auto* name = std::get_if<NameExpr>(&target.what)) {
    Slot(name->ref) = std::move(value);
  } else if (const auto* tuple = std::get_if<TupleTarget>(&target.what)) {
    Unpack(*tuple, value);
  } else {
    const auto& attribute = std::get<AttributeTarget>(target.what);
    const Value object = Evaluate(attribute.object);
    auto* space = object.As<Namespace>();
    if (space == nullptr) Fail("cannot assign attribute on non-namespace object");
    space->Set(runtime_, attribute.attribute, std::move(value));
  }
}

void Evaluator::Unpack(const TupleTarget& target, const Value& value) {
  if (!IsIterable(value)) Fail("cannot unpack non-iterable " + std::string(TypeName(value)) + " object");
  const size_t wanted = target.items.size();
  const auto iterator = Iterate(runtime_, value);
  std::vector<Value> items;
  for (Value item; items.size() <= wanted && iterator->Next(runtime_, item);) items.push_back(std::move(item));
  if (items.size() > wanted) Fail("too many values to unpack (expected " + std::to_string(wanted) + ")");
  if (items.size() < wanted) {
    Fail("not enough values to unpack (expected " + std::to_string(wanted) + ", got " + std::to_string(items.size()) +
         ")");
  }
  for (size_t i = 0; i < wanted; ++i) Assign(target.items[i], std::move(items[i]));
}

void Evaluator::EnterFrame(Frame& frame) {
  const auto& symbols = frame.scope->symbols;
  runtime_.budget.Step(1 + symbols.size() / 4);
  frame.slots.assign(symbols.size(), Value::Missing());
  for (size_t i = 0; i < symbols.size(); ++i) {
    const Symbol& symbol = symbols[i];
    if (symbol.load == Load::kContext) {
      frame.slots[i] = FromContext(symbol.name);
    } else if (symbol.load == Load::kOuter) {
      const Frame* outer = &frame;
      for (uint32_t hop = 0; hop < symbol.outer.hops; ++hop) outer = outer->parent;
      frame.slots[i] = outer->slots[symbol.outer.slot];
    }
  }
}

Value Evaluator::FromContext(const std::string& name) {
  if (const Value* value = variables_.dict().Find(name, &runtime_.budget)) return *value;
  return Global(name);
}

Value& Evaluator::Slot(VariableRef ref) {
  Frame* frame = frame_;
  for (uint32_t hop = 0; hop < ref.hops; ++hop) frame = frame->parent;
  return frame->slots[ref.slot];
}

void Evaluator::PinFrames() {
  for (Frame* frame = frame_; frame && !frame->is_pinned; frame = frame->parent) frame->is_pinned = true;
}

}  // namespace candor::jinja
