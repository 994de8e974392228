// Writes JSON text straight into a string: no tree between an event and its bytes.
#ifndef CANDOR_API_JSON_WRITER_H_
#define CANDOR_API_JSON_WRITER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// Commas and colons are put where they belong; pairing Begin and End, and a Key before each member of an object, is the
// caller's. Always makes valid JSON: what is not UTF-8 becomes U+FFFD and a number that is not finite becomes null.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  JsonWriter& Value(std::nullptr_t) { return Raw("null"); }
  JsonWriter& Value(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const std::string& text) { return Value(std::string_view(text)); }
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  // The shortest text that reads back as the same number.
  JsonWriter& Value(double value);
  template <std::integral T>
  JsonWriter& Value(T value) {
    return Raw(std::to_string(value));
  }
  template <typename T>
  JsonWriter& Value(const std::optional<T>& value) {
    return value ? Value(*value) : Value(nullptr);
  }
  // JSON text as it is.
  JsonWriter& Raw(std::string_view text);

  template <typename T>
  JsonWriter& Member(std::string_view name, const T& value) {
    return Key(name).Value(value);
  }

  std::string Take() { return std::move(out_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Comma();
  void AppendQuoted(std::string_view text);

  std::string out_;
  bool comma_ = false;  // something stands before, in the same object or array
};

}  // namespace candor

#endif  // CANDOR_API_JSON_WRITER_H_
