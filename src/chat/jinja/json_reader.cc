// Boost.JSON's parser finds the tokens; its conversion of floats is not exact and its values have no large integers,
// so that numbers are converted here from their text.
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "chat/jinja/json.h"

namespace candor::jinja {
namespace {

namespace json = boost::json;
using json::error_code;

class ValueHandler {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  Value Take() { return std::move(stack_.at(0)); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_array_end(size_t count, error_code&) {
    std::vector<Value> items(std::make_move_iterator(stack_.end() - static_cast<std::ptrdiff_t>(count)),
                             std::make_move_iterator(stack_.end()));
    stack_.resize(stack_.size() - count);
    stack_.push_back(Value::List(std::move(items)));
    return true;
  }
  bool on_object_end(size_t count, error_code&) {
    std::vector<std::pair<Value, Value>> entries;
    entries.reserve(count);
    for (size_t at = stack_.size() - 2 * count; at < stack_.size(); at += 2) {
      entries.emplace_back(std::move(stack_[at]), std::move(stack_[at + 1]));
    }
    stack_.resize(stack_.size() - 2 * count);
    stack_.push_back(Value::MakeDict(std::move(entries), nullptr));
    return true;
  }
  bool on_key_part(json::string_view text, size_t, error_code&) { return AddText(text); }
  bool on_key(json::string_view text, size_t, error_code&) { return AddText(text) && PushText(); }
  bool on_string_part(json::string_view text, size_t, error_code&) { return AddText(text); }
  bool on_string(json::string_view text, size_t, error_code&) { return AddText(text) && PushText(); }
  bool on_number_part(json::string_view text, error_code&) { return AddText(text); }
  bool on_int64(int64_t, json::string_view text, error_code&) { return AddText(text) && PushNumber(); }
  bool on_uint64(uint64_t, json::string_view text, error_code&) { return AddText(text) && PushNumber(); }
  bool on_double(double, json::string_view text, error_code&) { return AddText(text) && PushNumber(); }
  bool on_bool(bool value, error_code&) { return Push(Value::Bool(value)); }
  bool on_null(error_code&) { return Push(Value()); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  bool Push(Value value) {
    stack_.push_back(std::move(value));
    return true;
  }
  bool AddText(json::string_view text) {
    text_.append(text.data(), text.size());
    return true;
  }
  bool PushText() { return Push(Value::String(std::exchange(text_, {}))); }
  bool PushNumber() {
    const std::string number = std::exchange(text_, {});
    if (number.find_first_of(".eE") == std::string::npos) {
      return Push(Value::BigInt(number == "-0" ? "0" : number));
    }
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    // Out of range: Python reads too large a float as infinite and too small a one as zero, as strtod does.
    if (error == std::errc::result_out_of_range) value = std::strtod(number.c_str(), nullptr);
    (void)end;
    return Push(Value::Float(value));
  }

  std::vector<Value> stack_;
  std::string text_;
};

}  // namespace

Value ParseJson(std::string_view text, const std::string& source) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<ValueHandler> parser(options);
  error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) {
    throw FormatError(source + ": not JSON at byte " + std::to_string(used) + ": " + error.message());
  }
  return parser.handler().Take();
}

}  // namespace candor::jinja
