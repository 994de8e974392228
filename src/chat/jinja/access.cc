#include "chat/jinja/access.h"

#include <algorithm>

#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

// Attributes that every Python object has. A template that asks for one gets an undefined value, never a key.
constexpr std::string_view kObjectAttributes[] = {
    "__class__",   "__delattr__", "__dir__",           "__doc__",         "__eq__",
    "__format__",  "__ge__",      "__getattribute__",  "__getstate__",    "__gt__",
    "__hash__",    "__init__",    "__init_subclass__", "__le__",          "__lt__",
    "__ne__",      "__new__",     "__reduce__",        "__reduce_ex__",   "__repr__",
    "__setattr__", "__sizeof__",  "__str__",           "__subclasshook__"};
// What else a type has, refused by name so that a template is told, and not handed an undefined value.
constexpr std::string_view kNumberAttributes[] = {
    "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "fromhex", "hex", "imag",
    "is_integer",       "numerator", "real",       "to_bytes"};
constexpr std::string_view kMarkupAttributes[] = {"escape", "striptags", "unescape"};
constexpr std::string_view kDictMutators[] = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::string_view kListMutators[] = {"append", "clear",  "extend",  "insert",
                                              "pop",    "remove", "reverse", "sort"};

template <size_t N>
bool IsOneOf(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Value DictGet(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"/key", "/default"}, 1);
  if (!IsHashable(*bound[0], &runtime.budget)) Fail("unhashable type: '" + std::string(TypeName(*bound[0])) + "'");
  if (const Value* value = self.dict().Find(*bound[0], &runtime.budget)) return *value;
  return bound.Has(1) ? *bound[1] : Value();
}

template <DictView::Part part>
Value DictPart(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments(part == DictView::Part::kItems  ? "items"
                     : part == DictView::Part::kKeys ? "keys"
                                                     : "values",
                     arguments);
  return Value::Host(std::make_shared<DictView>(self, part));
}

Value Copy(Runtime&, const Value& self, const Arguments& arguments) {
  RequireNoArguments("copy", arguments);
  return self;  // nothing can change either
}

Value SequenceCount(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"/value"}, 1);
  int64_t count = 0;
  for (const Value& item : self.items()) count += Equal(runtime, item, *bound[0]);
  return Value::Int(count);
}

Value SequenceIndex(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("index", arguments, {"/value"}, 1);
  for (size_t i = 0; i < self.items().size(); ++i) {
    if (Equal(runtime, self.items()[i], *bound[0])) return Value::Int(static_cast<int64_t>(i));
  }
  TextBuilder text(runtime.budget);
  AppendRepr(runtime, text, *bound[0]);
  Fail(std::string(text.view()) + " is not in " + std::string(TypeName(self)));
}

constexpr MethodEntry kDictMethods[] = {
    {"copy", Copy},
    {"fromkeys", nullptr},
    {"get", DictGet},
    {"items", DictPart<DictView::Part::kItems>},
    {"keys", DictPart<DictView::Part::kKeys>},
    {"values", DictPart<DictView::Part::kValues>},
};
constexpr MethodEntry kListMethods[] = {{"copy", Copy}, {"count", SequenceCount}, {"index", SequenceIndex}};
constexpr MethodEntry kTupleMethods[] = {{"count", SequenceCount}, {"index", SequenceIndex}};

const MethodEntry* FindEntry(std::span<const MethodEntry> table, std::string_view name) {
  const auto at = std::lower_bound(table.begin(), table.end(), name,
                                   [](const MethodEntry& entry, std::string_view key) { return entry.name < key; });
  return at != table.end() && at->name == name ? &*at : nullptr;
}

const MethodEntry* FindMethod(const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::kString:
      if (const MethodEntry* entry = FindEntry(StringPredicates(), name)) return entry;
      return FindEntry(StringMethods(), name);
    case Kind::kList:
      return FindEntry(kListMethods, name);
    case Kind::kTuple:
      return FindEntry(kTupleMethods, name);
    case Kind::kDict:
      return FindEntry(kDictMethods, name);
    default:
      return nullptr;
  }
}

[[noreturn]] void FailUnsupported(const Value& value, std::string_view name) {
  Fail("'" + std::string(name) + "' of a " + std::string(TypeName(value)) + " is not supported");
}

Value AccessRefused(const Value& value, std::string_view name) {
  return Value::Undefined(
      "access to attribute " + StringRepr(name) + " of '" + std::string(TypeName(value)) + "' object is unsafe.", true);
}

// Python's getattr under the sandbox; nullopt where it would raise AttributeError.
std::optional<Value> Attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (name.starts_with("__") && (value.is(Kind::kObject) || IsOneOf(kObjectAttributes, name))) {
    return AccessRefused(value, name);
  }
  RequireDefined(value);
  if (const MethodEntry* entry = FindMethod(value, name)) {
    if (entry->method == nullptr) FailUnsupported(value, name);
    return Value::Host(std::make_shared<BoundMethod>(value, entry->method));
  }
  const bool mutates = (value.is(Kind::kDict) && IsOneOf(kDictMutators, name)) ||
                       (value.is(Kind::kList) && IsOneOf(kListMutators, name));
  if (mutates) return AccessRefused(value, name);
  if ((value.is_number() || value.is(Kind::kBigInt)) && IsOneOf(kNumberAttributes, name)) FailUnsupported(value, name);
  if (value.is_string() && value.safe() && IsOneOf(kMarkupAttributes, name)) FailUnsupported(value, name);
  if (value.is_group() && name == "grouper") return value.items()[0];
  if (value.is_group() && name == "list") return value.items()[1];
  if (value.is(Kind::kObject)) return value.object()->Attribute(runtime, name);
  return std::nullopt;
}

// Python's x[key]; nullopt where it would raise TypeError or LookupError.
std::optional<Value> Item(Runtime& runtime, const Value& value, const Value& key) {
  switch (value.kind()) {
    case Kind::kUndefined:
      RequireDefined(value);
      return std::nullopt;
    case Kind::kString: {
      Value character;
      if (!key.is_integral() || !CharacterAt(value.text(), key.integral(), character)) return std::nullopt;
      runtime.budget.Scan(value.text().ascii() ? 1 : value.utf8().size());
      return character.WithSafe(value.safe());
    }
    case Kind::kList:
    case Kind::kTuple: {
      if (!key.is_integral()) return std::nullopt;
      const auto size = static_cast<int64_t>(value.items().size());
      const int64_t index = key.integral() < 0 ? key.integral() + size : key.integral();
      if (index < 0 || index >= size) return std::nullopt;
      return value.items()[static_cast<size_t>(index)];
    }
    case Kind::kDict:
      if (!IsHashable(key, &runtime.budget)) return std::nullopt;
      if (const Value* found = value.dict().Find(key, &runtime.budget)) return *found;
      return std::nullopt;
    case Kind::kObject:
      return value.object()->Item(runtime, key);
    default:
      return std::nullopt;
  }
}

Value NoAttribute(const Value& value, std::string_view name) {
  return Value::Undefined(StringRepr(ObjectTypeName(value)) + " has no attribute " + StringRepr(name));
}

}  // namespace

Value GetAttribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (auto found = Attribute(runtime, value, name)) return std::move(*found);
  if (value.is(Kind::kDict)) {
    if (const Value* found = value.dict().Find(name, &runtime.budget)) return *found;
  }
  return NoAttribute(value, name);
}

Value GetAttributeOnly(Runtime& runtime, const Value& value, std::string_view name) {
  // The filter asks first whether there is such an attribute, which an undefined value denies for these names.
  if (value.is_undefined() && name.starts_with("__") && !IsOneOf(kObjectAttributes, name)) {
    return NoAttribute(value, name);
  }
  if (auto found = Attribute(runtime, value, name)) return std::move(*found);
  return NoAttribute(value, name);
}

Value GetItem(Runtime& runtime, const Value& value, const Value& key) {
  if (auto found = Item(runtime, value, key)) return std::move(*found);
  if (key.is_string()) {
    if (auto found = Attribute(runtime, value, key.utf8())) return std::move(*found);
    return NoAttribute(value, key.utf8());
  }
  TextBuilder text(runtime.budget);
  AppendRepr(runtime, text, key);
  return Value::Undefined(ObjectTypeName(value) + " has no element " + std::string(text.view()));
}

bool CharacterAt(const Text& text, int64_t index, Value& character) {
  const auto length = static_cast<int64_t>(text.length);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return false;
  size_t begin = static_cast<size_t>(index);
  if (!text.ascii()) {
    begin = 0;
    for (int64_t i = 0; i < index; ++i) NextCodePoint(text.utf8, begin);
  }
  size_t end = begin;
  NextCodePoint(text.utf8, end);
  character = Value::String(text.utf8.substr(begin, end - begin));
  return true;
}

}  // namespace candor::jinja
