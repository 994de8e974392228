#include <cmath>
#include <cstring>

#include "chat/jinja/failure.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/search.h"

namespace candor::jinja {
namespace {

// Whether exactly one of two numbers is beyond 64 bits and the other a float: Python compares them exactly, we cannot.
void RefuseBigAndFloat(const Value& a, const Value& b) {
  if ((a.is(Kind::kBigInt) && b.is(Kind::kFloat)) || (a.is(Kind::kFloat) && b.is(Kind::kBigInt))) {
    Fail("comparing an integer beyond 64 bits with a float is not supported");
  }
}

bool IsNan(const Value& value) { return value.is(Kind::kFloat) && std::isnan(value.real()); }

bool EqualItems(Runtime& runtime, const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Equal(runtime, a[i], b[i])) return false;
  }
  return true;
}

bool EqualDicts(Runtime& runtime, const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.Find(key, &runtime.budget);
    if (other == nullptr || !Equal(runtime, value, *other)) return false;
  }
  return true;
}

bool EqualObjects(const Value& a, const Value& b) {
  if (a.SameObject(b)) return true;
  const auto *left = a.As<Range>(), *right = b.As<Range>();
  if (left && right) {
    const uint64_t size = left->size();
    if (size != right->size()) return false;
    return size == 0 || (left->start() == right->start() && (size == 1 || left->step() == right->step()));
  }
  if (a.As<DictView>() && b.As<DictView>()) Fail("comparing two views of dicts is not supported");
  return false;
}

// <0, 0, >0 as left is less, equal, greater.
int CompareDigits(const std::string& left, const std::string& right) {
  const bool left_negative = left[0] == '-', right_negative = right[0] == '-';
  if (left_negative != right_negative) return left_negative ? -1 : 1;
  const int order = left.size() != right.size() ? (left.size() < right.size() ? -1 : 1) : left.compare(right);
  return left_negative ? -order : order;
}

std::string_view Symbol(CompareOp op) {
  switch (op) {
    case CompareOp::kLess:
      return "<";
    case CompareOp::kLessEqual:
      return "<=";
    case CompareOp::kGreater:
      return ">";
    default:
      return ">=";
  }
}

bool FromOrder(CompareOp op, int order) {
  switch (op) {
    case CompareOp::kLess:
      return order < 0;
    case CompareOp::kLessEqual:
      return order <= 0;
    case CompareOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool CompareOrdered(Runtime& runtime, CompareOp op, const Value& left, const Value& right) {
  const DepthGuard guard(runtime.recursion, kMaxRecursion, "values nest");
  runtime.budget.Step();
  RequireDefined(left);
  RequireDefined(right);
  if (left.is_number() && right.is_number()) {
    if (IsNan(left) || IsNan(right)) return false;
    return FromOrder(op, CompareNumbers(left, right));
  }
  RefuseBigAndFloat(left, right);
  const bool integers =
      (left.is(Kind::kBigInt) || left.is_integral()) && (right.is(Kind::kBigInt) || right.is_integral());
  if (integers) {
    const auto digits = [](const Value& v) { return v.is(Kind::kBigInt) ? v.digits() : std::to_string(v.integral()); };
    return FromOrder(op, CompareDigits(digits(left), digits(right)));
  }
  if (left.is_string() && right.is_string()) {
    runtime.budget.Scan(std::min(left.utf8().size(), right.utf8().size()));
    return FromOrder(op, left.utf8().compare(right.utf8()));  // the order of UTF-8 bytes is that of code points
  }
  if (left.is_sequence() && left.kind() == right.kind()) {
    const auto &a = left.items(), &b = right.items();
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!Equal(runtime, a[i], b[i])) return CompareOrdered(runtime, op, a[i], b[i]);
    }
    return FromOrder(op, a.size() < b.size() ? -1 : a.size() > b.size());
  }
  Fail("'" + std::string(Symbol(op)) + "' not supported between instances of '" + std::string(TypeName(left)) +
       "' and '" + std::string(TypeName(right)) + "'");
}

}  // namespace

bool Equal(Runtime& runtime, const Value& left, const Value& right) {
  const DepthGuard guard(runtime.recursion, kMaxRecursion, "values nest");
  runtime.budget.Step();
  if (left.is_number() && right.is_number()) {
    return !IsNan(left) && !IsNan(right) && CompareNumbers(left, right) == 0;
  }
  RefuseBigAndFloat(left, right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kBigInt:
      return left.digits() == right.digits();
    case Kind::kString:
      if (left.SameObject(right)) return true;
      if (left.utf8().size() != right.utf8().size()) return false;
      runtime.budget.Scan(left.utf8().size());
      return left.utf8() == right.utf8();
    case Kind::kList:
    case Kind::kTuple:
      return left.SameObject(right) || EqualItems(runtime, left.items(), right.items());
    case Kind::kDict:
      return left.SameObject(right) || EqualDicts(runtime, left.dict(), right.dict());
    case Kind::kObject:
      return EqualObjects(left, right);
    default:
      return true;  // two Nones, two Undefineds
  }
}

bool Less(Runtime& runtime, const Value& left, const Value& right) {
  return CompareOrdered(runtime, CompareOp::kLess, left, right);
}

bool Compare(Runtime& runtime, CompareOp op, const Value& left, const Value& right) {
  switch (op) {
    case CompareOp::kEqual:
      return Equal(runtime, left, right);
    case CompareOp::kNotEqual:
      return !Equal(runtime, left, right);
    case CompareOp::kIn:
      return Contains(runtime, right, left);
    case CompareOp::kNotIn:
      return !Contains(runtime, right, left);
    default:
      return CompareOrdered(runtime, op, left, right);
  }
}

bool Contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      Fail("'in <string>' requires string as left operand, not " + std::string(TypeName(item)));
    }
    runtime.budget.Scan(container.utf8().size());
    return FindText(container.utf8(), item.utf8(), 0) != std::string_view::npos;
  }
  if (container.is(Kind::kDict)) {
    if (!IsHashable(item, &runtime.budget)) Fail("unhashable type: '" + std::string(TypeName(item)) + "'");
    return container.dict().Find(item, &runtime.budget) != nullptr;
  }
  if (!IsIterable(container)) Fail("argument of type '" + std::string(TypeName(container)) + "' is not iterable");
  const auto iterator = Iterate(runtime, container);
  for (Value element; iterator->Next(runtime, element);) {
    if (element.SameObject(item) || Equal(runtime, item, element)) return true;
  }
  return false;
}

}  // namespace candor::jinja
