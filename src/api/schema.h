// The shape of JSON, as constant tables: what validates a request, is published as JSON Schema in /openapi.json and
// stands in docs/api.md, so that the three cannot differ.
#ifndef CANDOR_API_SCHEMA_H_
#define CANDOR_API_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_value.h"
#include "api/json_writer.h"

namespace candor {

struct Field;

// What may stand in a place. A value must be of one of `kinds`; a limit counts for its kind alone.
struct Shape {
  enum Kind : unsigned { kNull = 1, kBool = 2, kInteger = 4, kNumber = 8, kString = 16, kArray = 32, kObject = 64 };
  static constexpr unsigned kAnyKind = 127;

  unsigned kinds = kAnyKind;
  bool passed_on = false;  // with kAnyKind: it is written again, so that no number in it may be infinite
  // Integers and numbers, ends included. An integer may be written 1, 1.0 or 1e0.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  const bool* only = nullptr;  // the one value that a boolean may have
  // Strings, in code points.
  size_t min_length = 0;
  size_t max_length = SIZE_MAX;
  std::span<const char* const> words = {};  // not empty: the string is one of these
  // Arrays.
  size_t min_items = 0;
  size_t max_items = SIZE_MAX;
  const Shape* items = nullptr;
  // Objects: members by `fields`; of others each has `others`, or there are none when it is null.
  std::span<const Field> fields = {};
  const Shape* others = nullptr;
  bool null_is_absent = false;  // a member that is not required may be null: as if it were not there
  bool token_names = false;     // all names are token numbers: 0 to 999999999, in decimal
  size_t max_members = SIZE_MAX;
  // Not empty: instead of all that, one of these fits; they differ in kind, arrays in the kind of their items.
  std::span<const Shape* const> any_of = {};
  // A name under which the schema is published; referred to where it is used.
  const char* name = nullptr;
};

enum class Treatment : uint8_t {
  kHonoured,
  kHint,     // harmless: accepted, named in the response field x-candor-ignored, without effect
  kRefused,  // changes what is asked for and is not offered: only the values of its shape, which ask for nothing, pass
};

// A member of an object.
struct Field {
  const char* name;
  const Shape* shape;
  Treatment treatment;
  const char* sentence;          // what it does, or why it is refused
  const char* when_absent = "";  // its default, for readers
  bool required = false;
};

// The field of that name; null when there is none.
const Field* FindField(std::span<const Field> fields, std::string_view name);

// Throws RequestError (errors.h) for a `value` that does not fit `request`, naming the parameter: what is missing, of
// another kind, out of range, refused or not known. Returns the names of the hints that are there ("user",
// "reasoning.summary"), in the order of the tables; lists have none. Takes time linear in `value`, for tables of
// constant size.
std::vector<std::string> ValidateRequest(const JsonValue& value, const Shape& request);

// Whether `value` fits; for tests of what is sent.
bool Fits(const JsonValue& value, const Shape& shape);

// Writes `shape` as JSON Schema 2020-12. Named shapes become references into `#/components/schemas/`, but for the
// outermost one.
void WriteSchema(const Shape& shape, JsonWriter& json);
// "integer, 1 to 128", "string or list of at most 16": for the reference page.
std::string ShapeInWords(const Shape& shape);
// All named shapes that `shape` uses, itself included, each once, in order of use.
void CollectNamed(const Shape& shape, std::vector<const Shape*>& found);

}  // namespace candor

#endif  // CANDOR_API_SCHEMA_H_
