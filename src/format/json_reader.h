// JSON (RFC 8259) that nobody has checked, as a stream of events: nothing is built that the visitor does not build.
//
// Rejected: a tree of values, which takes ten times the memory of a hostile text before anything can be refused, and
// keeps the last of two members of one name, so that two programs may read one file differently.
#ifndef CANDOR_FORMAT_JSON_READER_H_
#define CANDOR_FORMAT_JSON_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace candor {

struct JsonLimits {
  size_t bytes;       // at most 4 GiB
  size_t depth = 32;  // objects and arrays within one another
  // Whether a number beyond what a double can hold is an infinity, for the visitor to judge, and not an error.
  bool infinite_numbers = false;
};

// A whole number that fits is a uint64_t or, below zero, an int64_t; any other number is the double nearest to it.
// A string is valid during the call only.
using JsonScalar = std::variant<std::nullptr_t, bool, uint64_t, int64_t, double, std::string_view>;

enum class JsonContainer : uint8_t { kObject, kArray };

// As a message shows them: `"text"`, 1, 1.0, null; "an object", "an array". Always printable.
std::string Describe(const JsonScalar& value);
std::string Describe(JsonContainer container);

// Where a value stands. Level 0 is the outermost object or array.
class JsonPlace {
 public:
  // How many objects and arrays are around the value.
  size_t depth() const { return levels_.size(); }
  // The name of the member of the object at `level` < depth() that the value is or is in; empty when it is an array.
  std::string_view key(size_t level) const;
  // "a.b[2].c", printable; empty for the outermost value.
  std::string Path() const;

 private:
  friend class JsonEventSource;
  struct Level {
    JsonContainer container;
    size_t values;     // begun so far
    size_t first_key;  // in key_ends_
  };
  std::vector<Level> levels_;
  // All keys of the open objects, one after the other, and where each ends.
  std::string keys_;
  std::vector<uint32_t> key_ends_;
};

// May throw: the exception leaves ReadJson as it is.
class JsonVisitor {
 public:
  virtual ~JsonVisitor() = default;
  // `place` is that of the object or array itself, in both.
  virtual void Begin(const JsonPlace& /*place*/, JsonContainer /*container*/) {}
  virtual void End(const JsonPlace& /*place*/, JsonContainer /*container*/) {}
  virtual void Value(const JsonPlace& /*place*/, const JsonScalar& /*value*/) {}
};

// Walks through `text` in linear time (n log n in the members of an object), with memory for the names of the objects
// that are open. Throws FormatError naming `source` for what is not JSON in UTF-8, for a name that appears twice in an
// object (when the object ends), for an exponent beyond 31 bits, and for a number beyond what a double can hold unless
// `limits` lets it pass; LimitError for what goes beyond `limits`.
void ReadJson(std::string_view text, const std::string& source, const JsonLimits& limits, JsonVisitor& visitor);

// The same for a document that must be an object: of anything else the visitor sees nothing, but a FormatError.
void ReadJsonObject(std::string_view text, const std::string& source, const JsonLimits& limits, JsonVisitor& visitor);

}  // namespace candor

#endif  // CANDOR_FORMAT_JSON_READER_H_
