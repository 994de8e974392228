#include "chat/jinja/access.h"
#include "chat/jinja/evaluator.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {

Value Evaluator::Evaluate(const Expr& expression) {
  const DepthGuard guard(runtime_.recursion, kMaxRecursion, "the rendering nests");
  runtime_.budget.Step();
  line_ = expression.line;
  return std::visit([this](const auto& node) { return Evaluate(node); }, expression.what);
}

Value Evaluator::EvaluateOr(const ExprPtr& expression, Value otherwise) {
  return expression ? Evaluate(*expression) : std::move(otherwise);
}

Value Evaluator::Evaluate(const NameExpr& node) {
  const Value& value = Slot(node.ref);
  return value.is_missing() ? Value::Undefined("'" + node.name + "' is undefined") : value;
}

Value Evaluator::Evaluate(const SequenceExpr& node) {
  std::vector<Value> items;
  items.reserve(node.items.size());
  for (const ExprPtr& item : node.items) items.push_back(Evaluate(*item));
  return node.is_tuple ? NewTuple(runtime_, std::move(items)) : NewList(runtime_, std::move(items));
}

Value Evaluator::Evaluate(const DictExpr& node) {
  std::vector<Dict::Entry> entries;
  entries.reserve(node.entries.size());
  for (const auto& [key, value] : node.entries) {
    Value made = Evaluate(*key);
    entries.emplace_back(std::move(made), Evaluate(*value));
  }
  runtime_.budget.Build((entries.size() + 1) * sizeof(Dict::Entry));
  return Value::MakeDict(std::move(entries), &runtime_.budget);
}

Value Evaluator::Evaluate(const NotExpr& node) { return Value::Bool(!Truth(runtime_, Evaluate(*node.operand))); }

Value Evaluator::Evaluate(const SignExpr& node) {
  const Value operand = Evaluate(*node.operand);
  return node.is_negative ? Negate(operand) : Plus(operand);
}

Value Evaluator::Evaluate(const LogicExpr& node) {
  for (size_t i = 0;; ++i) {
    Value value = Evaluate(*node.operands[i]);
    if (i + 1 == node.operands.size() || Truth(runtime_, value) != node.is_and) return value;
  }
}

Value Evaluator::Evaluate(const CompareExpr& node) {
  Value left = Evaluate(*node.first);
  for (const auto& [op, operand] : node.rest) {
    Value right = Evaluate(*operand);
    if (!Compare(runtime_, op, left, right)) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

Value Evaluator::Evaluate(const ArithmeticExpr& node) {
  Value left = Evaluate(*node.first);
  for (const auto& [op, operand] : node.rest) {
    const Value right = Evaluate(*operand);
    left = Arithmetic(runtime_, op, left, right);
  }
  return left;
}

Value Evaluator::Evaluate(const ConcatExpr& node) {
  TextBuilder out(runtime_.budget);
  for (const ExprPtr& operand : node.operands) AppendStr(runtime_, out, Evaluate(*operand));
  return out.Finish();
}

Value Evaluator::Evaluate(const ConditionalExpr& node) {
  if (Truth(runtime_, Evaluate(*node.test))) return Evaluate(*node.then);
  if (node.otherwise) return Evaluate(*node.otherwise);
  return Value::Undefined("the inline if-expression on line " + std::to_string(line_) +
                          " evaluated to false and no else section was defined.");
}

Value Evaluator::Evaluate(const PostfixExpr& node) {
  return ApplySuffixes(node.suffixes, 0, node.suffixes.size(), Evaluate(*node.base));
}

Value Evaluator::ApplySuffixes(const std::vector<Suffix>& suffixes, size_t begin, size_t end, Value value) {
  for (size_t i = begin; i < end; ++i) {
    const Suffix& suffix = suffixes[i];
    runtime_.budget.Step();
    line_ = suffix.line;
    value = std::visit([&](const auto& what) { return Apply(what, value); }, suffix.what);
  }
  return value;
}

Value Evaluator::Apply(const AttributeSuffix& suffix, const Value& value) {
  return GetAttribute(runtime_, value, suffix.name);
}

Value Evaluator::Apply(const ItemSuffix& suffix, const Value& value) {
  const Value key = Evaluate(*suffix.key);
  return GetItem(runtime_, value, key);
}

Value Evaluator::Apply(const SliceSuffix& suffix, const Value& value) {
  const Value start = EvaluateOr(suffix.start, Value());
  const Value stop = EvaluateOr(suffix.stop, Value());
  const Value step = EvaluateOr(suffix.step, Value());
  return Slice(runtime_, value, start, stop, step);
}

Value Evaluator::Apply(const CallSuffix& suffix, const Value& value) {
  const int line = line_;
  Arguments arguments = EvaluateArguments(suffix.arguments);
  line_ = line;
  return Call(runtime_, value, std::move(arguments));
}

Value Evaluator::Apply(const FilterSuffix& suffix, const Value& value) {
  const int line = line_;
  const Arguments arguments = EvaluateArguments(suffix.arguments);
  line_ = line;
  return ApplyFilter(runtime_, suffix.filter, suffix.name, value, arguments);
}

Value Evaluator::Apply(const TestSuffix& suffix, const Value& value) {
  const int line = line_;
  const Arguments arguments = EvaluateArguments(suffix.arguments);
  line_ = line;
  return Value::Bool(ApplyTest(runtime_, suffix.test, suffix.name, value, arguments) != suffix.is_negated);
}

Arguments Evaluator::EvaluateArguments(const CallArguments& arguments) {
  Arguments out;
  for (const ExprPtr& argument : arguments.positional) out.positional.push_back(Evaluate(*argument));
  for (const auto& [name, argument] : arguments.named) out.named.emplace_back(name, Evaluate(*argument));
  if (arguments.star) {
    for (Value& value : ToVector(runtime_, Evaluate(*arguments.star))) out.positional.push_back(std::move(value));
  }
  if (arguments.double_star) {
    const Value mapping = Evaluate(*arguments.double_star);
    RequireDefined(mapping);
    if (!mapping.is(Kind::kDict)) Fail("argument after ** must be a mapping, not " + std::string(TypeName(mapping)));
    for (const auto& [key, value] : mapping.dict().entries()) {
      runtime_.budget.Step(1 + out.named.size() / 8);
      if (!key.is_string()) Fail("keywords must be strings");
      for (const auto& [name, other] : out.named) {
        if (name == key.utf8()) Fail("got multiple values for keyword argument '" + name + "'");
      }
      out.named.emplace_back(key.utf8(), value);
    }
  }
  return out;
}

}  // namespace candor::jinja
