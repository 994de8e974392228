// The values of a template: Python's None, bool, int, float, str, list, tuple and dict, Jinja2's Undefined, and objects
// that only the interpreter makes (ranges, macros, namespaces, ...).
//
// Everything but objects is immutable once made and shared by reference, so that a value made from a request can be
// rendered by any number of threads. Containers nest to kMaxValueDepth at most, so that walking or destroying a value
// never needs more stack than that.
#ifndef CANDOR_CHAT_JINJA_VALUE_H_
#define CANDOR_CHAT_JINJA_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace candor::jinja {

inline constexpr uint32_t kMaxValueDepth = 100;

class Budget;
class Object;
class Value;

// UTF-8 text with its length in code points.
struct Text {
  std::string utf8;
  size_t length;
  bool ascii() const { return length == utf8.size(); }
};

struct Items {
  std::vector<Value> values;
  uint32_t depth;
  bool is_group = false;  // a tuple made by the groupby filter: its fields are `grouper` and `list`
};

class Dict;

// Why there is no value: what is said when it is used.
struct UndefinedReason {
  std::string message;
  bool is_access_refused = false;  // an attribute that exists in Python but that templates may not reach
};

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kBigInt,  // beyond 64 bits: kept as its decimal digits, can be shown and compared but not computed with
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kObject,
};

// The depth of a value that holds values of depth `inner` at most. Fails beyond kMaxValueDepth.
uint32_t DepthAround(uint32_t inner);

class Value {
 public:
  Value() : data_(None{}) {}  // None

  static Value Undefined(std::string message, bool is_access_refused = false);
  // What a variable holds before it is set. Never the result of an expression.
  static Value Missing() { return Value(UndefinedPtr()); }
  static Value Bool(bool value) { return Value(value); }
  static Value Int(int64_t value) { return Value(value); }
  // `digits` is a decimal integer, "-" first if negative, without leading zeros; a small one becomes kInt.
  static Value BigInt(std::string digits);
  static Value Float(double value) { return Value(value); }
  // `utf8` must be valid. `safe` marks it as Markup, which Jinja2 does not escape again.
  static Value String(std::string utf8, bool safe = false);
  // Containers throw Failure when they nest too deeply.
  static Value List(std::vector<Value> items);
  static Value Tuple(std::vector<Value> items, bool is_group = false);
  // The first of equal keys gives the place, the last the value. Fails when a key is not hashable. Comparing keys is
  // charged to `budget`, which may be null only where the size of the input bounds it.
  static Value MakeDict(std::vector<std::pair<Value, Value>> entries, Budget* budget);
  static Value Host(std::shared_ptr<Object> object) { return Value(std::move(object)); }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_missing() const { return is_undefined() && std::get<UndefinedPtr>(data_) == nullptr; }
  bool is_string() const { return is(Kind::kString); }
  bool is_sequence() const { return is(Kind::kList) || is(Kind::kTuple); }
  // bool and int, as Python counts them.
  bool is_integral() const { return is(Kind::kBool) || is(Kind::kInt); }
  bool is_number() const { return is_integral() || is(Kind::kFloat); }

  // Each may be called for its own kind only.
  const UndefinedReason& undefined() const { return *std::get<UndefinedPtr>(data_); }
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return std::get<int64_t>(data_); }
  const std::string& digits() const { return *std::get<BigIntPtr>(data_).digits; }
  double real() const { return std::get<double>(data_); }
  const Text& text() const { return *std::get<StringPtr>(data_).text; }
  const std::string& utf8() const { return text().utf8; }
  bool safe() const { return std::get<StringPtr>(data_).safe; }
  const std::vector<Value>& items() const { return item_data().values; }  // of a list or a tuple
  bool is_group() const { return is(Kind::kTuple) && item_data().is_group; }
  const Dict& dict() const { return *std::get<DictPtr>(data_); }
  const std::shared_ptr<Object>& object() const { return std::get<std::shared_ptr<Object>>(data_); }

  // The number that a kBool or kInt is.
  int64_t integral() const { return is(Kind::kBool) ? boolean() : integer(); }
  // 0 for what holds no other value, else one more than the deepest value inside.
  uint32_t depth() const;
  // Whether two containers or objects are one and the same.
  bool SameObject(const Value& other) const;
  // The string marked, or not, as Markup; the text is shared.
  Value WithSafe(bool safe) const;
  // The object as a T, or null.
  template <typename T>
  T* As() const {
    return is(Kind::kObject) ? dynamic_cast<T*>(object().get()) : nullptr;
  }

 private:
  struct None {};
  struct BigIntPtr {
    std::shared_ptr<const std::string> digits;
  };
  struct StringPtr {
    std::shared_ptr<const Text> text;
    bool safe;
  };
  struct ListPtr {
    std::shared_ptr<const Items> items;
  };
  struct TuplePtr {
    std::shared_ptr<const Items> items;
  };
  using UndefinedPtr = std::shared_ptr<const UndefinedReason>;
  using DictPtr = std::shared_ptr<const Dict>;
  // In the order of Kind.
  using Data = std::variant<UndefinedPtr, None, bool, int64_t, BigIntPtr, double, StringPtr, ListPtr, TuplePtr, DictPtr,
                            std::shared_ptr<Object>>;

  template <typename T>
  explicit Value(T data) : data_(std::move(data)) {}
  const Items& item_data() const;

  Data data_;
};

// An insertion-ordered mapping.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  // As Value::MakeDict.
  Dict(std::vector<Entry> entries, Budget* budget);

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  uint32_t depth() const { return depth_; }
  // The value of a hashable key, or null. Logarithmic in the size whatever the keys are: nothing to collide.
  const Value* Find(const Value& key, Budget* budget) const;
  const Value* Find(std::string_view key, Budget* budget) const;

 private:
  std::vector<Entry> entries_;
  std::vector<uint32_t> order_;  // indices into entries_, sorted by key
  uint32_t depth_ = 0;
};

// Whether Python could use `value` as a key of a dict. `budget` as for Value::MakeDict.
bool IsHashable(const Value& value, Budget* budget);
// A total order over hashable values in which exactly those that Python holds equal are equal. Less, equal, greater
// are negative, zero, positive. `budget` as for Value::MakeDict.
int CompareKeys(const Value& a, const Value& b, Budget* budget);
// The order of two numbers that are not NaN, exactly. Both are kBool, kInt or kFloat.
int CompareNumbers(const Value& a, const Value& b);

// Python's type(x).__name__.
std::string_view TypeName(const Value& value);
// How Jinja2 names a type in "... has no attribute": "dict object", "None".
std::string ObjectTypeName(const Value& value);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_VALUE_H_
