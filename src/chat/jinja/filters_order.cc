#include <algorithm>
#include <set>

#include "chat/jinja/arguments.h"
#include "chat/jinja/attribute_path.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"

namespace candor::jinja {
namespace {

struct Keyed {
  Value key;
  Value value;
};

void Sort(Runtime& runtime, std::vector<Keyed>& items, bool descending) {
  // Stable in both directions, as Python's sort is.
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
    return descending ? Less(runtime, b.key, a.key) : Less(runtime, a.key, b.key);
  });
}

std::vector<Keyed> WithKeys(Runtime& runtime, const Value& input, const std::function<Value(const Value&)>& key) {
  std::vector<Keyed> items;
  for (Value& item : ToVector(runtime, input)) {
    runtime.budget.Build(sizeof(Keyed));
    Value made = key(item);
    items.push_back({std::move(made), std::move(item)});
  }
  return items;
}

Value Values(Runtime& runtime, std::vector<Keyed> items) {
  std::vector<Value> values;
  for (Keyed& item : items) values.push_back(std::move(item.value));
  return NewList(runtime, std::move(values));
}

// The key by which an attribute is compared.
std::function<Value(const Value&)> KeyOf(Runtime& runtime, const Value* attribute, bool case_sensitive,
                                         const Value* otherwise = nullptr) {
  return [&runtime, path = attribute ? AttributePath(*attribute) : AttributePath(), case_sensitive,
          otherwise](const Value& item) {
    const Value value = path.Get(runtime, item, otherwise);
    return case_sensitive ? value : IgnoreCase(runtime, value);
  };
}

Value DictSort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const bool case_sensitive = bound.Truth(runtime, 0, false);
  const std::string_view by = bound.Text(1, "key");
  if (by != "key" && by != "value") Fail("You can only sort by either \"key\" or \"value\"");
  RequireDefined(input);
  if (!input.is(Kind::kDict)) Fail("'" + std::string(TypeName(input)) + " object' has no attribute 'items'");
  std::vector<Keyed> items;
  for (const auto& [key, value] : input.dict().entries()) {
    runtime.budget.Step();
    const Value& sorted_by = by == "key" ? key : value;
    items.push_back({case_sensitive ? sorted_by : IgnoreCase(runtime, sorted_by), NewTuple(runtime, {key, value})});
  }
  Sort(runtime, items, bound.Truth(runtime, 2, false));
  return Values(runtime, std::move(items));
}

Value SortItems(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = bound.Truth(runtime, 1, false);
  const std::vector<AttributePath> paths = AttributePaths(bound.Has(2) ? *bound[2] : Value());
  auto items = WithKeys(runtime, input, [&](const Value& item) {
    std::vector<Value> keys;
    for (const AttributePath& path : paths) {
      const Value key = path.Get(runtime, item);
      keys.push_back(case_sensitive ? key : IgnoreCase(runtime, key));
    }
    return NewList(runtime, std::move(keys));
  });
  Sort(runtime, items, bound.Truth(runtime, 0, false));
  return Values(runtime, std::move(items));
}

template <bool largest>
Value Extreme(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound(largest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const auto key_of = KeyOf(runtime, bound.OrNone(1), bound.Truth(runtime, 0, false));
  const auto iterator = Iterate(runtime, input);
  Value best, best_key;
  if (!iterator->Next(runtime, best)) return Value::Undefined("No aggregated item, sequence was empty.");
  best_key = key_of(best);
  for (Value item; iterator->Next(runtime, item);) {
    Value key = key_of(item);
    if (!(largest ? Less(runtime, best_key, key) : Less(runtime, key, best_key))) continue;
    best = std::move(item);
    best_key = std::move(key);
  }
  return best;
}

Value Unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  const bool case_sensitive = bound.Truth(runtime, 0, false);
  struct KeyOrder {
    Budget* budget;
    bool operator()(const Value& a, const Value& b) const { return CompareKeys(a, b, budget) < 0; }
  };
  struct State {
    std::unique_ptr<Iterator> source;
    std::set<Value, KeyOrder> seen;
    std::function<Value(const Value&)> key_of;
  };
  const auto state = std::make_shared<State>(State{nullptr, std::set<Value, KeyOrder>(KeyOrder{&runtime.budget}),
                                                   KeyOf(runtime, bound.OrNone(1), case_sensitive)});
  return Value::Host(
      std::make_shared<Generator>("generator", input.depth(), [state, input](Runtime& runtime, Value& value) {
        if (!state->source) state->source = Iterate(runtime, input);
        while (state->source->Next(runtime, value)) {
          Value key = state->key_of(value);
          if (!IsHashable(key, &runtime.budget)) Fail("unhashable type: '" + std::string(TypeName(key)) + "'");
          runtime.budget.Build(sizeof(Value));
          if (state->seen.insert(std::move(key)).second) return true;
        }
        return false;
      }));
}

Value GroupBy(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const bool case_sensitive = bound.Truth(runtime, 2, false);
  const Value* otherwise = bound.OrNone(1);
  auto items = WithKeys(runtime, input, KeyOf(runtime, bound[0], case_sensitive, otherwise));
  Sort(runtime, items, false);
  const AttributePath path(*bound[0]);
  std::vector<Value> groups;
  for (size_t begin = 0, end; begin < items.size(); begin = end) {
    std::vector<Value> members;
    for (end = begin; end < items.size() && (end == begin || Equal(runtime, items[begin].key, items[end].key)); ++end) {
      members.push_back(items[end].value);
    }
    // The group is named as its first member spells it.
    Value name = case_sensitive ? items[begin].key : path.Get(runtime, members[0], otherwise);
    groups.push_back(Value::Tuple({std::move(name), NewList(runtime, std::move(members))}, true));
  }
  return NewList(runtime, std::move(groups));
}

constexpr Filter kFilters[] = {
    {"dictsort", DictSort},  {"groupby", GroupBy}, {"max", Extreme<true>},
    {"min", Extreme<false>}, {"sort", SortItems},  {"unique", Unique},
};

}  // namespace

std::span<const Filter> OrderFilters() { return kFilters; }

}  // namespace candor::jinja
