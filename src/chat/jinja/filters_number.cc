#include <charconv>
#include <cmath>

#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/format.h"
#include "chat/jinja/numbers.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

Value Abs(Runtime&, const Value& input, const Arguments& arguments) {
  RequireNoArguments("abs", arguments);
  if (input.is(Kind::kFloat)) return Value::Float(std::fabs(input.real()));
  if (input.is_integral()) return input.integral() < 0 ? Negate(input) : Plus(input);
  if (input.is(Kind::kBigInt)) return input.digits()[0] == '-' ? Negate(input) : input;
  Fail("bad operand type for abs(): '" + std::string(TypeName(input)) + "'");
}

Value Float(Runtime&, const Value& input, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  RequireDefined(input);
  if (input.is_integral()) return Value::Float(static_cast<double>(input.integral()));
  if (input.is(Kind::kFloat)) return input;
  const bool is_text = input.is_string() || input.is(Kind::kBigInt);
  const auto value = is_text ? ParseFloat(input.is_string() ? input.utf8() : input.digits()) : std::nullopt;
  if (value) return Value::Float(*value);
  return bound.Has(0) ? *bound[0] : Value::Float(0.0);
}

Value Int(Runtime&, const Value& input, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  RequireDefined(input);
  const Value otherwise = bound.Has(0) ? *bound[0] : Value::Int(0);
  if (input.is_integral()) return Plus(input);
  if (input.is(Kind::kBigInt)) return input;
  std::optional<double> real;
  if (input.is(Kind::kFloat)) {
    if (std::isinf(input.real())) Fail("cannot convert float infinity to integer");
    real = input.real();
  }
  if (input.is_string()) {
    if (auto value = ParseInt(input.utf8(), bound.Integer(1, 10))) return std::move(*value);
    real = ParseFloat(input.utf8());
  }
  return real && std::isfinite(*real) ? Truncated(*real) : otherwise;
}

// round(value, precision) of a float: half to even on its exact decimal value.
double RoundFloat(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 323) return value;
  if (precision < 0) Fail("rounding a float to a negative precision is not supported");
  char buffer[1024];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, static_cast<int>(precision)).ptr;
  double rounded = 0;
  std::from_chars(buffer, end, rounded);
  return rounded;
}

Value RoundInt(Runtime& runtime, int64_t value, int64_t precision) {
  if (precision >= 0) return Value::Int(value);
  if (precision < -18) return Value::Int(0);
  const int64_t unit = Arithmetic(runtime, ArithmeticOp::kPower, Value::Int(10), Value::Int(-precision)).integer();
  const int64_t below = Arithmetic(runtime, ArithmeticOp::kModulo, Value::Int(value), Value::Int(unit)).integer();
  const bool is_odd = (value - below) / unit % 2 != 0;
  const bool up = below > unit / 2 || (below == unit / 2 && is_odd);
  return Arithmetic(runtime, ArithmeticOp::kAdd, Value::Int(value - below), Value::Int(up ? unit : 0));
}

Value Round(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  const int64_t precision = bound.Integer(0, 0);
  const std::string_view method = bound.Text(1, "common");
  if (method != "common" && method != "ceil" && method != "floor") Fail("method must be common, ceil or floor");
  if (!input.is_number()) {
    RequireDefined(input);
    Fail("type " + std::string(TypeName(input)) + " doesn't define __round__ method");
  }
  if (method == "common") {
    return input.is(Kind::kFloat) ? Value::Float(RoundFloat(input.real(), precision))
                                  : RoundInt(runtime, input.integral(), precision);
  }
  const Value unit = Arithmetic(runtime, ArithmeticOp::kPower, Value::Int(10), Value::Int(precision));
  Value scaled = Arithmetic(runtime, ArithmeticOp::kMultiply, input, unit);
  if (scaled.is(Kind::kFloat)) {
    if (!std::isfinite(scaled.real())) Fail("cannot convert float infinity to integer");
    scaled = Truncated(method == "ceil" ? std::ceil(scaled.real()) : std::floor(scaled.real()));
  }
  return Arithmetic(runtime, ArithmeticOp::kDivide, scaled, unit);
}

Value FileSizeFormat(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("filesizeformat", arguments, {"binary"});
  const bool binary = bound.Truth(runtime, 0, false);
  std::optional<double> number;
  if (input.is_string()) number = ParseFloat(input.utf8());
  if (input.is_number()) number = input.is(Kind::kFloat) ? input.real() : static_cast<double>(input.integral());
  if (!number) Fail("the filter 'filesizeformat' wants a number, not " + std::string(TypeName(input)));
  const double base = binary ? 1024 : 1000;
  if (*number == 1) return Value::String("1 Byte");
  if (!std::isfinite(*number)) Fail("cannot convert float infinity or NaN to integer");
  if (*number < base) return NewText(runtime, ToString(runtime, Truncated(*number)).utf8() + " Bytes");
  static constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t prefix = 0;
  while (prefix + 1 < kPrefixes.size() && *number >= unit * base) {
    unit *= base;
    ++prefix;
  }
  TextBuilder out(runtime.budget);
  FormatSpec spec;
  spec.type = 'f';
  spec.precision = 1;
  AppendFormattedFloat(out, base * *number / (unit * base), spec);
  out.Append(' ');
  out.Append(binary && prefix == 0 ? 'K' : kPrefixes[prefix]);
  out.Append(binary ? "iB" : "B");
  return out.Finish();
}

constexpr Filter kFilters[] = {
    {"abs", Abs}, {"filesizeformat", FileSizeFormat}, {"float", Float}, {"int", Int}, {"round", Round}};

}  // namespace

std::span<const Filter> NumberFilters() { return kFilters; }

}  // namespace candor::jinja
