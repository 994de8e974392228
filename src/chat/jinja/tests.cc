// What may stand behind `is`.
#include <algorithm>

#include "chat/jinja/access.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

using Args = const Arguments&;

template <bool (*is)(const Value&)>
bool Plain(Runtime&, const Value& input, Args arguments) {
  RequireNoArguments("a test", arguments);
  return is(input);
}

template <Kind kind>
bool IsKind(const Value& value) {
  return value.is(kind);
}

bool IsDefined(const Value& value) { return !value.is_undefined(); }
bool IsTrue(const Value& value) { return value.is(Kind::kBool) && value.boolean(); }
bool IsFalse(const Value& value) { return value.is(Kind::kBool) && !value.boolean(); }
bool IsInteger(const Value& value) { return value.is(Kind::kInt) || value.is(Kind::kBigInt); }
bool IsNumber(const Value& value) { return value.is_number() || value.is(Kind::kBigInt); }
bool IsEscaped(const Value& value) { return value.is_string() && value.safe(); }
// Python's Undefined can be asked for its length, its elements and to be called; what it then says is another matter.
bool IsSequence(const Value& value) {
  return value.is_undefined() || value.is_string() || value.is_sequence() || value.is(Kind::kDict) || value.As<Range>();
}
bool IsCallable(const Value& value) {
  return value.is_undefined() || (value.is(Kind::kObject) && value.object()->IsCallable());
}

template <CompareOp op>
bool Compares(Runtime& runtime, const Value& input, Args arguments) {
  const Bound bound("a comparison", arguments, {"/other"}, 1);
  return Compare(runtime, op, input, *bound[0]);
}

bool ModuloIs(Runtime& runtime, const Value& input, const Value& divisor, int64_t rest) {
  return Equal(runtime, Arithmetic(runtime, ArithmeticOp::kModulo, input, divisor), Value::Int(rest));
}

template <int64_t rest>
bool HasParity(Runtime& runtime, const Value& input, Args arguments) {
  RequireNoArguments("a test", arguments);
  return ModuloIs(runtime, input, Value::Int(2), rest);
}

bool DivisibleBy(Runtime& runtime, const Value& input, Args arguments) {
  const Bound bound("divisibleby", arguments, {"num"}, 1);
  return ModuloIs(runtime, input, *bound[0], 0);
}

bool SameAs(Runtime& runtime, const Value& input, Args arguments) {
  const Bound bound("sameas", arguments, {"other"}, 1);
  const Value& other = *bound[0];
  if (input.kind() != other.kind()) return false;
  switch (input.kind()) {
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return input.boolean() == other.boolean();
    case Kind::kInt:
    case Kind::kBigInt:
    case Kind::kFloat:
    case Kind::kString:
    case Kind::kUndefined:
      // Whether two equal ones are one object is an accident of the implementation.
      if (Equal(runtime, input, other)) Fail("'sameas' on equal numbers or strings is not supported");
      return false;
    default:
      return input.SameObject(other);
  }
}

bool IsIn(Runtime& runtime, const Value& input, Args arguments) {
  const Bound bound("in", arguments, {"seq"}, 1);
  return Contains(runtime, *bound[0], input);
}

template <const char* predicate>
bool HasCase(Runtime& runtime, const Value& input, Args arguments) {
  RequireNoArguments("a test", arguments);
  const Value text = ToString(runtime, input);
  return Call(runtime, GetAttribute(runtime, text, predicate), {}).boolean();
}
constexpr char kIsLower[] = "islower", kIsUpper[] = "isupper";

bool IsFilterName(Runtime&, const Value& input, Args arguments) {
  RequireNoArguments("filter", arguments);
  return input.is_string() && FindFilter(input.utf8()) != nullptr;
}

bool IsTestName(Runtime&, const Value& input, Args arguments) {
  RequireNoArguments("test", arguments);
  return input.is_string() && FindTest(input.utf8()) != nullptr;
}

constexpr Test kTests[] = {
    {"!=", Compares<CompareOp::kNotEqual>},
    {"<", Compares<CompareOp::kLess>},
    {"<=", Compares<CompareOp::kLessEqual>},
    {"==", Compares<CompareOp::kEqual>},
    {">", Compares<CompareOp::kGreater>},
    {">=", Compares<CompareOp::kGreaterEqual>},
    {"boolean", Plain<IsKind<Kind::kBool>>},
    {"callable", Plain<IsCallable>},
    {"defined", Plain<IsDefined>},
    {"divisibleby", DivisibleBy},
    {"eq", Compares<CompareOp::kEqual>},
    {"equalto", Compares<CompareOp::kEqual>},
    {"escaped", Plain<IsEscaped>},
    {"even", HasParity<0>},
    {"false", Plain<IsFalse>},
    {"filter", IsFilterName},
    {"float", Plain<IsKind<Kind::kFloat>>},
    {"ge", Compares<CompareOp::kGreaterEqual>},
    {"greaterthan", Compares<CompareOp::kGreater>},
    {"gt", Compares<CompareOp::kGreater>},
    {"in", IsIn},
    {"integer", Plain<IsInteger>},
    {"iterable", Plain<IsIterable>},
    {"le", Compares<CompareOp::kLessEqual>},
    {"lessthan", Compares<CompareOp::kLess>},
    {"lower", HasCase<kIsLower>},
    {"lt", Compares<CompareOp::kLess>},
    {"mapping", Plain<IsKind<Kind::kDict>>},
    {"ne", Compares<CompareOp::kNotEqual>},
    {"none", Plain<IsKind<Kind::kNone>>},
    {"number", Plain<IsNumber>},
    {"odd", HasParity<1>},
    {"sameas", SameAs},
    {"sequence", Plain<IsSequence>},
    {"string", Plain<IsKind<Kind::kString>>},
    {"test", IsTestName},
    {"true", Plain<IsTrue>},
    {"undefined", Plain<IsKind<Kind::kUndefined>>},
    {"upper", HasCase<kIsUpper>},
};

}  // namespace

const Test* FindTest(std::string_view name) {
  const auto* at =
      std::find_if(std::begin(kTests), std::end(kTests), [&](const Test& test) { return test.name == name; });
  return at == std::end(kTests) ? nullptr : at;
}

}  // namespace candor::jinja
