#include "tokenizer/json_node.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr size_t kMaxJsonBytes = size_t{128} << 20;
constexpr size_t kMaxDepth = 32;

std::string Show(const boost::json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array of " + std::to_string(value.get_array().size());
  if (value.is_string()) return Quoted(value.get_string());
  return boost::json::serialize(value);
}

}  // namespace

JsonNode JsonNode::At(std::string_view key) const {
  std::optional<JsonNode> member = Get(key);
  if (!member) throw FormatError(path_ + "." + std::string(key) + ": missing");
  return *std::move(member);
}

std::optional<JsonNode> JsonNode::Get(std::string_view key) const {
  const boost::json::object* object = value_->if_object();
  if (object == nullptr) Refuse("an object");
  const boost::json::value* member = object->if_contains(key);
  if (member == nullptr || member->is_null()) return std::nullopt;
  return JsonNode(*member, path_ + "." + std::string(key));
}

JsonNode JsonNode::operator[](size_t index) const {
  return JsonNode(value_->as_array().at(index), path_ + "[" + std::to_string(index) + "]");
}

size_t JsonNode::size() const {
  if (!value_->is_array()) Refuse("an array");
  return value_->get_array().size();
}

std::string_view JsonNode::String() const {
  if (!value_->is_string()) Refuse("a string");
  return value_->get_string();
}

bool JsonNode::Bool() const {
  if (!value_->is_bool()) Refuse("true or false");
  return value_->get_bool();
}

int64_t JsonNode::Int(int64_t min, int64_t max) const {
  const int64_t* number = value_->if_int64();
  if (number == nullptr || *number < min || *number > max) {
    Refuse("a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return *number;
}

bool JsonNode::BoolOr(std::string_view key, bool otherwise) const {
  const std::optional<JsonNode> member = Get(key);
  return member ? member->Bool() : otherwise;
}

void JsonNode::Refuse(const std::string& expected) const {
  throw FormatError(path_ + ": " + Show(*value_) + ", " + expected + " expected");
}

void JsonNode::Unsupported(const std::string& known) const {
  throw UnsupportedError(path_ + ": " + Show(*value_) + " is not supported; known are " + known);
}

boost::json::value ParseJson(std::string_view text, const std::string& source, boost::json::storage_ptr storage) {
  if (text.size() > kMaxJsonBytes) {
    throw LimitError(source + ": " + std::to_string(text.size()) + " bytes of JSON, at most " +
                     std::to_string(kMaxJsonBytes) + " are read");
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error, std::move(storage), options);
  if (error) throw FormatError(source + ": not valid JSON: " + error.message());
  return value;
}

}  // namespace candor
