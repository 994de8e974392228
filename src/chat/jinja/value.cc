#include "chat/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "chat/jinja/budget.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/object.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

std::shared_ptr<const Items> MakeItems(std::vector<Value> values, bool is_group) {
  uint32_t depth = 0;
  for (const Value& value : values) depth = std::max(depth, value.depth());
  return std::make_shared<const Items>(Items{std::move(values), DepthAround(depth), is_group});
}

template <typename T>
int Compare(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int CompareIntFloat(int64_t a, double b) {
  // Every int64 lies in [-2^63, 2^63), so that a double outside decides alone and one inside truncates exactly.
  if (b >= 0x1p63) return -1;
  if (b < -0x1p63) return 1;
  const double whole = std::trunc(b);
  const int order = Compare(a, static_cast<int64_t>(whole));
  return order != 0 ? order : -Compare(b, whole);
}

// Where a kind stands among keys; equal values of different kinds (1, 1.0, true) have one rank.
int KeyRank(const Value& value) {
  switch (value.kind()) {
    case Kind::kNone:
      return 0;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      return 1;
    case Kind::kBigInt:
      return 2;
    case Kind::kString:
      return 3;
    case Kind::kTuple:
      return 4;
    case Kind::kUndefined:
      return 5;
    default:
      return 6;
  }
}

}  // namespace

uint32_t DepthAround(uint32_t inner) {
  if (inner >= kMaxValueDepth) FailLimit("values nest deeper than " + std::to_string(kMaxValueDepth));
  return inner + 1;
}

Value Value::Undefined(std::string message, bool is_access_refused) {
  return Value(
      UndefinedPtr(std::make_shared<const UndefinedReason>(UndefinedReason{std::move(message), is_access_refused})));
}

Value Value::BigInt(std::string digits) {
  int64_t small;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), small);
  if (error == std::errc() && end == digits.data() + digits.size()) return Int(small);
  return Value(BigIntPtr{std::make_shared<const std::string>(std::move(digits))});
}

Value Value::String(std::string utf8, bool safe) {
  const size_t length = CodePointCount(utf8);
  return Value(StringPtr{std::make_shared<const Text>(Text{std::move(utf8), length}), safe});
}

Value Value::List(std::vector<Value> items) { return Value(ListPtr{MakeItems(std::move(items), false)}); }

Value Value::Tuple(std::vector<Value> items, bool is_group) {
  return Value(TuplePtr{MakeItems(std::move(items), is_group)});
}

Value Value::MakeDict(std::vector<std::pair<Value, Value>> entries, Budget* budget) {
  return Value(DictPtr(std::make_shared<const Dict>(std::move(entries), budget)));
}

const Items& Value::item_data() const {
  return is(Kind::kList) ? *std::get<ListPtr>(data_).items : *std::get<TuplePtr>(data_).items;
}

uint32_t Value::depth() const {
  switch (kind()) {
    case Kind::kList:
    case Kind::kTuple:
      return item_data().depth;
    case Kind::kDict:
      return dict().depth();
    case Kind::kObject:
      return object()->Depth();
    default:
      return 0;
  }
}

bool Value::SameObject(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::kString:
      return std::get<StringPtr>(data_).text == std::get<StringPtr>(other.data_).text;
    case Kind::kList:
    case Kind::kTuple:
      return &item_data() == &other.item_data();
    case Kind::kDict:
      return &dict() == &other.dict();
    case Kind::kObject:
      return object() == other.object();
    default:
      return false;
  }
}

Value Value::WithSafe(bool safe) const { return Value(StringPtr{std::get<StringPtr>(data_).text, safe}); }

Dict::Dict(std::vector<Entry> entries, Budget* budget) {
  for (const auto& [key, value] : entries) {
    if (!IsHashable(key, budget)) Fail("unhashable type: '" + std::string(TypeName(key)) + "'");
    depth_ = std::max({depth_, key.depth(), value.depth()});
  }
  depth_ = DepthAround(depth_);
  std::vector<uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return CompareKeys(entries[a].first, entries[b].first, budget) < 0; });
  // Of a run of equal keys the first, which is the earliest, takes the value of the last.
  std::vector<bool> dropped(entries.size());
  for (size_t first = 0, i = 1; i < order.size(); ++i) {
    if (CompareKeys(entries[order[first]].first, entries[order[i]].first, budget) != 0) {
      first = i;
      continue;
    }
    entries[order[first]].second = entries[order[i]].second;
    dropped[order[i]] = true;
  }
  std::vector<uint32_t> place(entries.size());
  for (uint32_t i = 0; i < entries.size(); ++i) {
    if (dropped[i]) continue;
    place[i] = static_cast<uint32_t>(entries_.size());
    entries_.push_back(std::move(entries[i]));
  }
  for (const uint32_t index : order) {
    if (!dropped[index]) order_.push_back(place[index]);
  }
}

const Value* Dict::Find(const Value& key, Budget* budget) const {
  const auto at = std::lower_bound(order_.begin(), order_.end(), key, [&](uint32_t index, const Value& sought) {
    return CompareKeys(entries_[index].first, sought, budget) < 0;
  });
  if (at == order_.end() || CompareKeys(entries_[*at].first, key, budget) != 0) return nullptr;
  return &entries_[*at].second;
}

const Value* Dict::Find(std::string_view key, Budget* budget) const {
  constexpr int kStringRank = 3;
  const auto compare = [&](uint32_t index) {
    const Value& entry = entries_[index].first;
    if (!entry.is_string()) return Compare(KeyRank(entry), kStringRank);
    if (budget) budget->Scan(std::min(entry.utf8().size(), key.size()));
    return entry.utf8().compare(key);
  };
  const auto at = std::lower_bound(order_.begin(), order_.end(), key,
                                   [&](uint32_t index, std::string_view) { return compare(index) < 0; });
  return at == order_.end() || compare(*at) != 0 ? nullptr : &entries_[*at].second;
}

bool IsHashable(const Value& value, Budget* budget) {
  switch (value.kind()) {
    case Kind::kList:
    case Kind::kDict:
      return false;
    case Kind::kTuple:
      return std::all_of(value.items().begin(), value.items().end(), [&](const Value& item) {
        if (budget) budget->Step();
        return IsHashable(item, budget);
      });
    case Kind::kObject:
      if (value.As<Range>()) Fail("a range as a key is not supported");  // Python hashes it by its content
      return value.As<DictView>() == nullptr;
    default:
      return true;
  }
}

int CompareKeys(const Value& a, const Value& b, Budget* budget) {
  const int rank = Compare(KeyRank(a), KeyRank(b));
  if (rank != 0) return rank;
  switch (a.kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat: {
      const bool a_nan = a.is(Kind::kFloat) && std::isnan(a.real());
      const bool b_nan = b.is(Kind::kFloat) && std::isnan(b.real());
      return a_nan || b_nan ? Compare(a_nan, b_nan) : CompareNumbers(a, b);
    }
    case Kind::kBigInt:
      return a.digits().compare(b.digits());
    case Kind::kString:
      if (a.SameObject(b)) return 0;
      if (budget) budget->Scan(std::min(a.utf8().size(), b.utf8().size()));
      return a.utf8().compare(b.utf8());
    case Kind::kTuple: {
      const size_t common = std::min(a.items().size(), b.items().size());
      for (size_t i = 0; i < common; ++i) {
        if (budget) budget->Step();
        if (const int order = CompareKeys(a.items()[i], b.items()[i], budget)) return order;
      }
      return Compare(a.items().size(), b.items().size());
    }
    case Kind::kObject:
      return Compare(a.object().get(), b.object().get());
    default:
      return 0;
  }
}

int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_integral())
    return b.is_integral() ? Compare(a.integral(), b.integral()) : CompareIntFloat(a.integral(), b.real());
  return b.is_integral() ? -CompareIntFloat(b.integral(), a.real()) : Compare(a.real(), b.real());
}

std::string_view TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
    case Kind::kBigInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.safe() ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kObject:
      return value.object()->TypeName();
  }
  return "";
}

std::string ObjectTypeName(const Value& value) {
  if (value.is(Kind::kNone)) return "None";
  if (value.is_string() && value.safe()) return "markupsafe.Markup object";
  if (value.is(Kind::kObject)) return value.object()->QualifiedTypeName() + " object";
  return std::string(TypeName(value)) + " object";
}

}  // namespace candor::jinja
