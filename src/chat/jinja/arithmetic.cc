#include <cmath>
#include <limits>

#include "chat/jinja/failure.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {
namespace {

constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};

std::string_view Symbol(ArithmeticOp op) { return kSymbols[static_cast<size_t>(op)]; }

[[noreturn]] void FailTypes(ArithmeticOp op, const Value& left, const Value& right) {
  if (op == ArithmeticOp::kAdd && (left.is_sequence() || (left.is_string() && !left.safe()))) {
    const std::string name(TypeName(left));
    Fail("can only concatenate " + name + " (not \"" + std::string(TypeName(right)) + "\") to " + name);
  }
  if (op == ArithmeticOp::kMultiply) {
    const bool left_sequence = left.is_string() || left.is_sequence();
    const bool right_sequence = right.is_string() || right.is_sequence();
    if (left_sequence || right_sequence) {
      Fail("can't multiply sequence by non-int of type '" + std::string(TypeName(left_sequence ? right : left)) + "'");
    }
  }
  Fail("unsupported operand type(s) for " + std::string(Symbol(op)) + ": '" + std::string(TypeName(left)) + "' and '" +
       std::string(TypeName(right)) + "'");
}

[[noreturn]] void FailOverflow() { Fail("an integer result beyond 64 bits is not supported"); }

double ToDouble(const Value& number) {
  return number.is(Kind::kFloat) ? number.real() : static_cast<double>(number.integral());
}

int64_t FloorDivide(int64_t a, int64_t b) {
  if (b == 0) Fail("integer division or modulo by zero");
  if (a == std::numeric_limits<int64_t>::min() && b == -1) FailOverflow();
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t Modulo(int64_t a, int64_t b) {
  if (b == 0) Fail("integer modulo by zero");
  if (b == -1) return 0;
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

int64_t Power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if (exponent & 1 && __builtin_mul_overflow(result, base, &result)) FailOverflow();
    exponent >>= 1;
    // The last square is not needed and may not fit.
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) FailOverflow();
  }
  return result;
}

Value Integers(ArithmeticOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case ArithmeticOp::kAdd:
      if (__builtin_add_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case ArithmeticOp::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case ArithmeticOp::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) FailOverflow();
      return Value::Int(result);
    case ArithmeticOp::kDivide: {
      if (b == 0) Fail("division by zero");
      constexpr int64_t kExact = int64_t{1} << 53;
      if (a > kExact || a < -kExact || b > kExact || b < -kExact) {
        Fail("dividing integers beyond 53 bits is not supported");  // Python rounds the exact quotient once
      }
      return Value::Float(static_cast<double>(a) / static_cast<double>(b));
    }
    case ArithmeticOp::kFloorDivide:
      return Value::Int(FloorDivide(a, b));
    case ArithmeticOp::kModulo:
      return Value::Int(Modulo(a, b));
    case ArithmeticOp::kPower:
      if (b >= 0) return Value::Int(Power(a, b));
      if (a == 0) Fail("0.0 cannot be raised to a negative power");
      return Value::Float(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  return Value();
}

// Python's float_floor_div and float_rem: the remainder takes the sign of the divisor.
void FloatDivMod(double a, double b, double& quotient, double& remainder) {
  remainder = std::fmod(a, b);
  double exact = (a - remainder) / b;
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) {
      remainder += b;
      exact -= 1;
    }
  } else {
    remainder = std::copysign(0.0, b);
  }
  if (exact == 0) {
    quotient = std::copysign(0.0, a / b);
    return;
  }
  quotient = std::floor(exact);
  if (exact - quotient > 0.5) quotient += 1;
}

Value Floats(ArithmeticOp op, double a, double b) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return Value::Float(a + b);
    case ArithmeticOp::kSubtract:
      return Value::Float(a - b);
    case ArithmeticOp::kMultiply:
      return Value::Float(a * b);
    case ArithmeticOp::kDivide:
      if (b == 0) Fail("float division by zero");
      return Value::Float(a / b);
    case ArithmeticOp::kFloorDivide:
    case ArithmeticOp::kModulo: {
      if (b == 0) Fail(op == ArithmeticOp::kModulo ? "float modulo" : "float floor division by zero");
      double quotient, remainder;
      FloatDivMod(a, b, quotient, remainder);
      return Value::Float(op == ArithmeticOp::kModulo ? remainder : quotient);
    }
    case ArithmeticOp::kPower: {
      if (a == 0 && b < 0) Fail("0.0 cannot be raised to a negative power");
      if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
        Fail("a complex result is not supported");
      }
      const double result = std::pow(a, b);
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) Fail("(34, 'Numerical result out of range')");
      return Value::Float(result);
    }
  }
  return Value();
}

Value ConcatTexts(Runtime& runtime, const Value& left, const Value& right) {
  const bool safe = left.safe() || right.safe();
  const Value a = safe ? EscapeHtml(runtime, left) : left;
  const Value b = safe ? EscapeHtml(runtime, right) : right;
  TextBuilder out(runtime.budget);
  out.Append(a.utf8());
  out.Append(b.utf8());
  return out.Finish(safe);
}

Value MakeSame(Runtime& runtime, const Value& like, std::vector<Value> items) {
  return like.is(Kind::kTuple) ? NewTuple(runtime, std::move(items)) : NewList(runtime, std::move(items));
}

Value Repeat(Runtime& runtime, const Value& sequence, int64_t count) {
  if (sequence.is_string()) return RepeatText(runtime, sequence, count);
  const auto& items = sequence.items();
  std::vector<Value> out;
  if (count > 0 && !items.empty()) {
    // The charges come first, one block of elements at a time, so that nothing large is made before it is refused.
    for (int64_t i = 0; i < count; ++i) {
      runtime.budget.Step(items.size());
      runtime.budget.Build(items.size() * sizeof(Value));
      out.insert(out.end(), items.begin(), items.end());
    }
  }
  return MakeSame(runtime, sequence, std::move(out));
}

}  // namespace

Value Arithmetic(Runtime& runtime, ArithmeticOp op, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) return Integers(op, left.integral(), right.integral());
    return Floats(op, ToDouble(left), ToDouble(right));
  }
  if (op == ArithmeticOp::kModulo && left.is_string()) return PercentFormat(runtime, left, right);
  RequireDefined(left);
  RequireDefined(right);
  if (left.is(Kind::kBigInt) || right.is(Kind::kBigInt)) {
    if ((left.is_number() || left.is(Kind::kBigInt)) && (right.is_number() || right.is(Kind::kBigInt))) {
      Fail("computing with an integer beyond 64 bits is not supported");
    }
  }
  if (op == ArithmeticOp::kAdd) {
    if (left.is_string() && right.is_string()) return ConcatTexts(runtime, left, right);
    if (left.is_sequence() && left.kind() == right.kind()) {
      runtime.budget.Step(left.items().size() + right.items().size());
      std::vector<Value> items = left.items();
      items.insert(items.end(), right.items().begin(), right.items().end());
      return MakeSame(runtime, left, std::move(items));
    }
  }
  if (op == ArithmeticOp::kMultiply) {
    if ((left.is_string() || left.is_sequence()) && right.is_integral()) return Repeat(runtime, left, right.integral());
    if ((right.is_string() || right.is_sequence()) && left.is_integral())
      return Repeat(runtime, right, left.integral());
  }
  FailTypes(op, left, right);
}

Value Negate(const Value& operand) {
  if (operand.is(Kind::kFloat)) return Value::Float(-operand.real());
  if (operand.is_integral()) return Integers(ArithmeticOp::kSubtract, 0, operand.integral());
  if (operand.is(Kind::kBigInt)) {
    return Value::BigInt(operand.digits()[0] == '-' ? operand.digits().substr(1) : "-" + operand.digits());
  }
  RequireDefined(operand);
  Fail("bad operand type for unary -: '" + std::string(TypeName(operand)) + "'");
}

Value Plus(const Value& operand) {
  if (operand.is_integral()) return Value::Int(operand.integral());
  if (operand.is(Kind::kFloat) || operand.is(Kind::kBigInt)) return operand;
  RequireDefined(operand);
  Fail("bad operand type for unary +: '" + std::string(TypeName(operand)) + "'");
}

Value RepeatText(Runtime& runtime, const Value& text, int64_t count) {
  TextBuilder out(runtime.budget);
  if (count > 0) out.AppendRepeated(text.utf8(), static_cast<uint64_t>(count));
  return out.Finish(text.safe());
}

Value EscapeHtml(Runtime& runtime, const Value& value) {
  if (value.safe()) return value;
  TextBuilder out(runtime.budget);
  const std::string_view text = value.utf8();
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char* entity = text[i] == '&'    ? "&amp;"
                         : text[i] == '<'  ? "&lt;"
                         : text[i] == '>'  ? "&gt;"
                         : text[i] == '\'' ? "&#39;"
                         : text[i] == '"'  ? "&#34;"
                                           : nullptr;
    if (entity == nullptr) continue;
    out.Append(text.substr(done, i - done));
    out.Append(entity);
    done = i + 1;
  }
  out.Append(text.substr(done));
  return out.Finish(true);
}

}  // namespace candor::jinja
