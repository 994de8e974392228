// JSON of a request as a tree, within limits, and exact.
//
// format/json_reader.h reads it. A tree takes up to forty times the memory of its text: kMaxJsonValues bounds it. The
// limits are such that the front's one thread is never busy for more than a tenth of a second with one body, and leave
// room for more than the longest contexts.
#ifndef CANDOR_API_JSON_VALUE_H_
#define CANDOR_API_JSON_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace candor {

inline constexpr size_t kMaxJsonBytes = 8u << 20;
inline constexpr size_t kMaxJsonDepth = 64;
inline constexpr size_t kMaxJsonValues = 1u << 18;

struct JsonValue;
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<std::pair<std::string, JsonValue>>;  // in the order of the text, no name twice

struct JsonValue {
  // A whole number that fits is a uint64_t or, below zero, an int64_t; any other is the double nearest to it, which may
  // be an infinity.
  std::variant<std::nullptr_t, bool, uint64_t, int64_t, double, std::string, JsonArray, JsonObject> value = nullptr;

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value); }
  const bool* boolean() const { return std::get_if<bool>(&value); }
  const std::string* string() const { return std::get_if<std::string>(&value); }
  const JsonArray* array() const { return std::get_if<JsonArray>(&value); }
  const JsonObject* object() const { return std::get_if<JsonObject>(&value); }
  // The value of any number.
  std::optional<double> number() const;
  bool is_infinite() const;
  // Whether it is a whole number, however it is written: 1, 1.0 and 1e0 are one number, as JSON Schema says.
  bool is_integer() const;
  // As an int64_t; empty for what is no whole number, or does not fit.
  std::optional<int64_t> integer() const;
  // The same modulo 2^64: -1 is 2^64 - 1. From -2^63 to 2^64 - 1; a double must be above -2^63, which is the nearest
  // one to numbers below it too.
  std::optional<uint64_t> bits() const;

  // The member of that name; null when there is none, or this is no object. Takes linear time.
  const JsonValue* Find(std::string_view name) const;
};

// "an object", "null", 1.5, "text"...: as messages show it, printable and short.
std::string Describe(const JsonValue& value);

// The tree of `text`, called `source` in messages. Throws FormatError for what is not JSON in UTF-8, for a name that
// appears twice in an object and, unless they may be infinite, for numbers beyond a double; LimitError beyond the
// limits above.
JsonValue ParseJson(std::string_view text, const std::string& source, bool infinite_numbers = false);

// JSON text of `value`, which has no infinite number, without blanks. Numbers are read back exactly.
std::string JsonText(const JsonValue& value);

}  // namespace candor

#endif  // CANDOR_API_JSON_VALUE_H_
