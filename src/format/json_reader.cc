#include "format/json_reader.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <type_traits>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

namespace json = boost::json;

}  // namespace

std::string Describe(const JsonScalar& value) {
  return std::visit(
      [](auto v) -> std::string {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, std::nullptr_t>) return "null";
        if constexpr (std::is_same_v<T, bool>) return v ? "true" : "false";
        if constexpr (std::is_same_v<T, std::string_view>) return Quoted(v);
        if constexpr (std::is_same_v<T, double>) {
          char digits[32];
          std::string text(digits, std::to_chars(digits, digits + sizeof digits, v).ptr);
          return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
        }
        if constexpr (std::is_same_v<T, uint64_t> || std::is_same_v<T, int64_t>) return std::to_string(v);
      },
      value);
}

std::string Describe(JsonContainer container) { return container == JsonContainer::kObject ? "an object" : "an array"; }

std::string_view JsonPlace::key(size_t level) const {
  CHECK(level < levels_.size());
  const size_t end = level + 1 < levels_.size() ? levels_[level + 1].first_key : key_ends_.size();
  if (end == levels_[level].first_key) return {};
  const size_t begin = end < 2 ? 0 : key_ends_[end - 2];
  return std::string_view(keys_).substr(begin, key_ends_[end - 1] - begin);
}

std::string JsonPlace::Path() const {
  std::string path;
  for (size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i].container == JsonContainer::kArray) {
      path.append("[").append(std::to_string(std::max<size_t>(levels_[i].values, 1) - 1)).append("]");
    } else {
      path.append(path.empty() ? "" : ".").append(Printable(key(i)));
    }
  }
  return path;
}

// The double nearest to a number of JSON that from_chars() calls out of range, without telling which: 0 or an infinity.
double OutOfRange(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t mantissa = std::min(text.find_first_of("eE"), text.size());
  const size_t point = std::min(text.find('.'), mantissa);
  const size_t digit = text.find_first_of("123456789");
  if (digit >= mantissa) return negative ? -0.0 : 0.0;
  // Of the first digit that counts. Texts are shorter than 4 GiB, exponents are no longer than 31 bits: Boost's limit.
  int64_t power = static_cast<int64_t>(point) - static_cast<int64_t>(digit) - (digit < point ? 1 : 0);
  if (mantissa < text.size()) {
    std::string_view exponent = text.substr(mantissa + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    int64_t value = 0;
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    power += value;
  }
  const double size = power < 0 ? 0 : std::numeric_limits<double>::infinity();
  return negative ? -size : size;
}

// The events of Boost's parser, which come in pieces, as those of a visitor. Keeps track of the place.
class JsonEventSource {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  JsonEventSource(const std::string& source, const JsonLimits& limits, bool is_object, JsonVisitor& visitor)
      : source_(source), limits_(limits), is_object_(is_object), visitor_(visitor) {}

  const JsonPlace& place() const { return place_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return Begin(JsonContainer::kObject); }
  bool on_object_end(size_t, json::error_code&) {
    RefuseDuplicates();
    return End(JsonContainer::kObject);
  }
  bool on_array_begin(json::error_code&) { return Begin(JsonContainer::kArray); }
  bool on_array_end(size_t, json::error_code&) { return End(JsonContainer::kArray); }

  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    place_.keys_.append(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code&) {
    place_.keys_.append(part);
    place_.key_ends_.push_back(static_cast<uint32_t>(place_.keys_.size()));
    return true;
  }

  bool on_string_part(json::string_view part, size_t, json::error_code&) {
    text_.append(part);
    return true;
  }
  bool on_string(json::string_view part, size_t size, json::error_code&) {
    if (part.size() == size) return Value(std::string_view(part));
    text_.append(part);
    Value(std::string_view(text_));
    text_.clear();
    return true;
  }

  bool on_number_part(json::string_view part, json::error_code&) {
    text_.append(part);
    return true;
  }
  bool on_int64(int64_t value, json::string_view, json::error_code&) {
    text_.clear();
    return value < 0 ? Value(value) : Value(static_cast<uint64_t>(value));
  }
  bool on_uint64(uint64_t value, json::string_view, json::error_code&) {
    text_.clear();
    return Value(value);
  }
  // Boost's own value may be off by some units in the last place, and differs between its versions.
  bool on_double(double, json::string_view part, json::error_code&) {
    text_.append(part);
    double value;
    const std::from_chars_result end = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (end.ec != std::errc()) value = OutOfRange(text_);
    if (std::isinf(value) && !limits_.infinite_numbers) {
      CountValue();
      throw FormatError(source_ + ": " + place_.Path() + ": " + Printable(text_) + " is beyond what a double can hold");
    }
    CHECK(end.ptr == text_.data() + text_.size());
    text_.clear();
    return Value(value);
  }
  bool on_bool(bool value, json::error_code&) { return Value(value); }
  bool on_null(json::error_code&) { return Value(nullptr); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  template <typename Found>
  void RefuseDocument(const Found& found) const {
    if (is_object_ && place_.depth() == 0) throw FormatError(source_ + ": " + Describe(found) + ", an object expected");
  }
  void CountValue() {
    if (!place_.levels_.empty()) ++place_.levels_.back().values;
  }
  bool Begin(JsonContainer container) {
    if (container != JsonContainer::kObject) RefuseDocument(container);
    CountValue();
    visitor_.Begin(place_, container);
    place_.levels_.push_back({container, 0, place_.key_ends_.size()});
    return true;
  }
  bool End(JsonContainer container) {
    const size_t first_key = place_.levels_.back().first_key;
    place_.levels_.pop_back();
    place_.key_ends_.resize(first_key);
    place_.keys_.resize(first_key == 0 ? 0 : place_.key_ends_.back());
    visitor_.End(place_, container);
    return true;
  }
  bool Value(const JsonScalar& value) {
    RefuseDocument(value);
    CountValue();
    visitor_.Value(place_, value);
    return true;
  }

  // By sorting: a hash table's time would be the file's to choose.
  void RefuseDuplicates() const {
    const std::vector<uint32_t>& ends = place_.key_ends_;
    const size_t first = place_.levels_.back().first_key;
    if (ends.size() < first + 2) return;
    std::vector<std::string_view> names;
    names.reserve(ends.size() - first);
    for (size_t i = first; i < ends.size(); ++i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      names.push_back(std::string_view(place_.keys_).substr(begin, ends[i] - begin));
    }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return;
    std::string path = place_.Path();
    path.resize(path.size() - Printable(place_.key(place_.depth() - 1)).size());
    throw FormatError(source_ + ": \"" + path + Printable(*twice) + "\" appears twice");
  }

  const std::string& source_;
  const JsonLimits& limits_;
  const bool is_object_;
  JsonVisitor& visitor_;
  JsonPlace place_;
  std::string text_;  // of a string or number that comes in parts
};

namespace {

void Read(std::string_view text, const std::string& source, const JsonLimits& limits, bool is_object,
          JsonVisitor& visitor) {
  if (text.size() > limits.bytes) {
    throw LimitError(source + ": " + std::to_string(text.size()) + " bytes of JSON, at most " +
                     std::to_string(limits.bytes) + " are read");
  }
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<JsonEventSource> parser(options, source, limits, is_object, visitor);
  json::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  const std::string path = parser.handler().place().Path();
  const std::string after = path.empty() ? "" : ", after \"" + path + '"';
  if (error == json::error::too_deep) {
    throw LimitError(source + ": JSON nested more than " + std::to_string(limits.depth) + " deep" + after);
  }
  if (error) throw FormatError(source + ": not valid JSON: " + error.message() + after);
  if (used != text.size()) {
    throw FormatError(source + ": not valid JSON: unexpected " + Quoted(text.substr(used, 1)) +
                      " after its end at byte " + std::to_string(used));
  }
}

}  // namespace

void ReadJson(std::string_view text, const std::string& source, const JsonLimits& limits, JsonVisitor& visitor) {
  Read(text, source, limits, false, visitor);
}

void ReadJsonObject(std::string_view text, const std::string& source, const JsonLimits& limits, JsonVisitor& visitor) {
  Read(text, source, limits, true, visitor);
}

}  // namespace candor
