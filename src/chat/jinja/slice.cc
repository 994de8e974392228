#include <algorithm>

#include "chat/jinja/failure.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {
namespace {

struct Bounds {
  int64_t start;
  int64_t stop;
  int64_t step;
  int64_t count;
};

std::optional<int64_t> Bound(const Value& value) {
  if (value.is(Kind::kNone)) return std::nullopt;
  if (!value.is_integral()) {
    Fail("slice indices must be integers or None or have an __index__ method");
  }
  return value.integral();
}

// Python's slice.indices(): bounds beyond the ends are moved to them.
Bounds Resolve(int64_t length, const Value& start_value, const Value& stop_value, const Value& step_value) {
  const int64_t step = std::max(Bound(step_value).value_or(1), -INT64_MAX);  // so that its negative exists
  if (step == 0) Fail("slice step cannot be zero");
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
  const auto place = [&](const Value& value, int64_t otherwise) {
    const auto bound = Bound(value);
    if (!bound) return otherwise;
    return std::clamp(*bound < 0 ? *bound + length : *bound, low, high);
  };
  const int64_t start = place(start_value, step > 0 ? low : high);
  const int64_t stop = place(stop_value, step > 0 ? high : low);
  const int64_t span = step > 0 ? stop - start : start - stop;
  const int64_t stride = step > 0 ? step : -step;
  return {start, stop, step, span <= 0 ? 0 : (span - 1) / stride + 1};
}

Value SliceText(Runtime& runtime, const Value& value, const Bounds& bounds) {
  const std::string_view utf8 = value.utf8();
  runtime.budget.Scan(utf8.size());
  TextBuilder out(runtime.budget);
  if (bounds.step == 1) {
    const auto skip = [&](size_t at, int64_t count) {
      if (value.text().ascii()) return at + static_cast<size_t>(count);
      for (; count > 0; --count) NextCodePoint(utf8, at);
      return at;
    };
    const size_t begin = skip(0, bounds.start);
    out.Append(utf8.substr(begin, skip(begin, bounds.count) - begin));
    return out.Finish(value.safe());
  }
  std::vector<size_t> offsets;
  runtime.budget.Build(value.text().length * sizeof(size_t));
  for (size_t at = 0; at < utf8.size(); NextCodePoint(utf8, at)) offsets.push_back(at);
  for (int64_t i = 0; i < bounds.count; ++i) {
    size_t end = offsets[static_cast<size_t>(bounds.start + i * bounds.step)];
    const size_t begin = end;
    NextCodePoint(utf8, end);
    out.Append(utf8.substr(begin, end - begin));
  }
  return out.Finish(value.safe());
}

Value SliceRange(const Range& range, const Bounds& bounds) {
  int64_t begin, stride, end;
  if (__builtin_mul_overflow(bounds.start, range.step(), &begin) ||
      __builtin_add_overflow(begin, range.start(), &begin) ||
      __builtin_mul_overflow(range.step(), bounds.step, &stride) ||
      __builtin_mul_overflow(bounds.stop, range.step(), &end) || __builtin_add_overflow(end, range.start(), &end)) {
    Fail("a slice of this range is not supported");
  }
  return Value::Host(std::make_shared<Range>(begin, end, stride));
}

}  // namespace

Value Slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step) {
  RequireDefined(value);
  if (value.is_string()) {
    return SliceText(runtime, value, Resolve(static_cast<int64_t>(value.text().length), start, stop, step));
  }
  if (value.is_sequence()) {
    const Bounds bounds = Resolve(static_cast<int64_t>(value.items().size()), start, stop, step);
    std::vector<Value> items;
    runtime.budget.Step(static_cast<uint64_t>(bounds.count));
    for (int64_t i = 0; i < bounds.count; ++i) {
      items.push_back(value.items()[static_cast<size_t>(bounds.start + i * bounds.step)]);
    }
    return value.is(Kind::kTuple) ? NewTuple(runtime, std::move(items)) : NewList(runtime, std::move(items));
  }
  if (const auto* range = value.As<Range>()) {
    return SliceRange(*range, Resolve(static_cast<int64_t>(range->size()), start, stop, step));
  }
  if (value.is(Kind::kDict)) Fail("unhashable type: 'slice'");
  Fail("'" + std::string(TypeName(value)) + "' object is not subscriptable");
}

}  // namespace candor::jinja
