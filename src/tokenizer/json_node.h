// A JSON value with the way to it, read with errors that name both.
#ifndef CANDOR_TOKENIZER_JSON_NODE_H_
#define CANDOR_TOKENIZER_JSON_NODE_H_

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// Refers to a value that must outlive it.
class JsonNode {
 public:
  // `path` is what messages call the value: file and field.
  JsonNode(const boost::json::value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  const boost::json::value& value() const { return *value_; }

  // A member of an object: FormatError when this is none or, for At, when it is not there. Get leaves out null.
  JsonNode At(std::string_view key) const;
  std::optional<JsonNode> Get(std::string_view key) const;
  // An element of an array, and their number; FormatError when this is none.
  JsonNode operator[](size_t index) const;
  size_t size() const;

  std::string_view String() const;
  bool Bool() const;
  int64_t Int(int64_t min, int64_t max) const;
  // A member's value, `otherwise` when it is missing or null.
  bool BoolOr(std::string_view key, bool otherwise) const;

  // FormatError: `expected` was expected here.
  [[noreturn]] void Refuse(const std::string& expected) const;
  // UnsupportedError: the value of this node, a string, is none of `known`.
  [[noreturn]] void Unsupported(const std::string& known) const;

 private:
  const boost::json::value* value_;
  std::string path_;
};

// Parses `text`, nested 32 deep at most. FormatError or LimitError naming `source`.
boost::json::value ParseJson(std::string_view text, const std::string& source, boost::json::storage_ptr storage);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_JSON_NODE_H_
