// Python's operators on values.
#ifndef CANDOR_CHAT_JINJA_OPERATORS_H_
#define CANDOR_CHAT_JINJA_OPERATORS_H_

#include <optional>
#include <string_view>

#include "chat/jinja/runtime.h"

namespace candor::jinja {

enum class ArithmeticOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

// Each fails with Python's message where Python raises, and where an integer result would not fit 64 bits.
Value Arithmetic(Runtime& runtime, ArithmeticOp op, const Value& left, const Value& right);
Value Negate(const Value& operand);
Value Plus(const Value& operand);

bool Compare(Runtime& runtime, CompareOp op, const Value& left, const Value& right);
bool Equal(Runtime& runtime, const Value& left, const Value& right);
// left < right.
bool Less(Runtime& runtime, const Value& left, const Value& right);
// item in container.
bool Contains(Runtime& runtime, const Value& container, const Value& item);

// value[start:stop:step]; a missing bound is None.
Value Slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step);

// text * count.
Value RepeatText(Runtime& runtime, const Value& text, int64_t count);
// Markup's escape(): the string as it is when it is safe already, else with & < > ' " replaced. The result is safe.
Value EscapeHtml(Runtime& runtime, const Value& value);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_OPERATORS_H_
