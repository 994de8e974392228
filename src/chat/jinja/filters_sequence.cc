#include "chat/jinja/access.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/attribute_path.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"
#include "chat/jinja/strings.h"

namespace candor::jinja {
namespace {

Value Default(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool replaces = input.is_undefined() || (bound.Truth(runtime, 1, false) && !Truth(runtime, input));
  if (!replaces) return input;
  return bound.Has(0) ? *bound[0] : Value::String("");
}

Value Attr(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  return GetAttributeOnly(runtime, input, bound.Text(0, ""));
}

Value LengthOf(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("length", arguments);
  return Value::Int(Length(runtime, input));
}

Value First(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("first", arguments);
  Value first;
  if (Iterate(runtime, input)->Next(runtime, first)) return first;
  return Value::Undefined("No first item, sequence was empty.");
}

// reversed(x) as a list, and Python's name of the iterator; fails when x cannot be walked backwards.
std::vector<Value> Reversed(Runtime& runtime, const Value& input, std::string_view& type_name) {
  const bool reversible = input.is_undefined() || input.is_string() || input.is_sequence() || input.is(Kind::kDict) ||
                          input.As<Range>() || input.As<DictView>();
  if (!reversible) Fail("'" + std::string(TypeName(input)) + "' object is not reversible");
  type_name = "reversed";
  if (input.is(Kind::kList)) type_name = "list_reverseiterator";
  if (input.is(Kind::kDict)) type_name = "dict_reversekeyiterator";
  if (input.As<Range>()) type_name = "range_iterator";
  if (const auto* view = input.As<DictView>()) {
    type_name = view->part() == DictView::Part::kKeys     ? "dict_reversekeyiterator"
                : view->part() == DictView::Part::kValues ? "dict_reversevalueiterator"
                                                          : "dict_reverseitemiterator";
  }
  std::vector<Value> items = ToVector(runtime, input);
  std::reverse(items.begin(), items.end());
  return items;
}

Value Last(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("last", arguments);
  if (input.is_sequence() && !input.items().empty()) return input.items().back();
  std::string_view type_name;
  const std::vector<Value> items = Reversed(runtime, input, type_name);
  return items.empty() ? Value::Undefined("No last item, sequence was empty.") : items[0];
}

// A generator over what has been made already.
Value Iterator(std::string_view type_name, Value list) {
  const uint32_t depth = list.depth();
  return Value::Host(std::make_shared<Generator>(
      type_name, depth, [list = std::move(list), next = size_t{0}](Runtime& runtime, Value& value) mutable {
        runtime.budget.Step();
        if (next == list.items().size()) return false;
        value = list.items()[next++];
        return true;
      }));
}

Value Reverse(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("reverse", arguments);
  if (input.is_string()) return Slice(runtime, input, Value(), Value(), Value::Int(-1));
  if (input.As<Generator>()) {
    std::vector<Value> items = ToVector(runtime, input);
    std::reverse(items.begin(), items.end());
    return NewList(runtime, std::move(items));
  }
  if (!IsIterable(input)) Fail("argument must be iterable");
  std::string_view type_name;
  std::vector<Value> items = Reversed(runtime, input, type_name);
  return Iterator(type_name, NewList(runtime, std::move(items)));
}

Value List(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("list", arguments);
  return NewList(runtime, ToVector(runtime, input));
}

Value Join(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const Value separator = bound.Has(0) ? ToString(runtime, *bound[0]) : Value::String("");
  const AttributePath path = bound.OrNone(1) ? AttributePath(*bound[1]) : AttributePath();
  TextBuilder out(runtime.budget);
  const auto iterator = Iterate(runtime, input);
  bool first = true;
  for (Value item; iterator->Next(runtime, item); first = false) {
    if (!first) out.Append(separator.utf8());
    AppendStr(runtime, out, path.Get(runtime, item));
  }
  return out.Finish();
}

Value ItemPairs(Runtime&, const Value& input, const Arguments& arguments) {
  RequireNoArguments("items", arguments);
  if (!input.is_undefined() && !input.is(Kind::kDict)) {
    // The reference says so when the pairs are asked for, not before.
    return Value::Host(std::make_shared<Generator>(
        "generator", 0, [](Runtime&, Value&) -> bool { Fail("Can only get item pairs from a mapping."); }));
  }
  return Value::Host(std::make_shared<Generator>("generator", input.depth(),
                                                 [input, next = size_t{0}](Runtime& runtime, Value& value) mutable {
                                                   runtime.budget.Step();
                                                   if (input.is_undefined() || next == input.dict().size())
                                                     return false;
                                                   const auto& [key, item] = input.dict().entries()[next++];
                                                   value = NewTuple(runtime, {key, item});
                                                   return true;
                                                 }));
}

Value Sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  const AttributePath path = bound.OrNone(0) ? AttributePath(*bound[0]) : AttributePath();
  Value sum = bound.Has(1) ? *bound[1] : Value::Int(0);
  if (sum.is_string()) Fail("sum() can't sum strings [use ''.join(seq) instead]");
  const auto iterator = Iterate(runtime, input);
  for (Value item; iterator->Next(runtime, item);) {
    sum = Arithmetic(runtime, ArithmeticOp::kAdd, sum, path.Get(runtime, item));
  }
  return sum;
}

Value Batch(Runtime&, const Value& input, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t size = bound.Integer(0, 0);
  const Value fill = bound.Has(1) ? *bound[1] : Value();
  const auto make = [input, size, fill](Runtime& runtime) {
    std::vector<Value> batches, batch;
    const auto iterator = Iterate(runtime, input);
    for (Value item; iterator->Next(runtime, item);) {
      if (static_cast<int64_t>(batch.size()) == size) batches.push_back(NewList(runtime, std::exchange(batch, {})));
      batch.push_back(std::move(item));
    }
    if (batch.empty()) return batches;
    while (!fill.is(Kind::kNone) && static_cast<int64_t>(batch.size()) < size) {
      runtime.budget.Step();
      batch.push_back(fill);
    }
    batches.push_back(NewList(runtime, std::move(batch)));
    return batches;
  };
  // Made when the first is asked for, as in the reference.
  return Value::Host(std::make_shared<Generator>(
      "generator", std::max(input.depth(), fill.depth()),
      [make, batches = std::vector<Value>(), next = size_t{0}, made = false](Runtime& runtime, Value& value) mutable {
        if (!std::exchange(made, true)) batches = make(runtime);
        if (next == batches.size()) return false;
        value = batches[next++];
        return true;
      }));
}

// So many lists of about equal length.
Value Slices(Runtime&, const Value& input, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t slices = bound.Integer(0, 0);
  const Value fill = bound.Has(1) ? *bound[1] : Value();
  return Value::Host(
      std::make_shared<Generator>("generator", std::max(input.depth(), fill.depth()),
                                  [input, slices, fill, items = std::vector<Value>(), begin = size_t{0},
                                   next = int64_t{0}](Runtime& runtime, Value& value) mutable {
                                    runtime.budget.Step();
                                    if (next == 0) {
                                      items = ToVector(runtime, input);
                                      if (slices == 0) Fail("integer division or modulo by zero");
                                    }
                                    if (next >= slices) return false;
                                    const auto total = static_cast<int64_t>(items.size());
                                    const bool is_long = next < total % slices;
                                    const auto size = static_cast<size_t>(total / slices + is_long);
                                    const auto first = items.begin() + static_cast<std::ptrdiff_t>(begin);
                                    std::vector<Value> part(first, first + static_cast<std::ptrdiff_t>(size));
                                    begin += size;
                                    ++next;
                                    if (!fill.is(Kind::kNone) && !is_long) part.push_back(fill);
                                    value = NewList(runtime, std::move(part));
                                    return true;
                                  }));
}

constexpr Filter kFilters[] = {
    {"attr", Attr},   {"batch", Batch},     {"count", LengthOf},  {"d", Default},    {"default", Default},
    {"first", First}, {"items", ItemPairs}, {"join", Join},       {"last", Last},    {"length", LengthOf},
    {"list", List},   {"random", nullptr},  {"reverse", Reverse}, {"slice", Slices}, {"sum", Sum},
};

}  // namespace

std::span<const Filter> SequenceFilters() { return kFilters; }

}  // namespace candor::jinja
