#include "chat/jinja/access.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/format.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

constexpr int kMaxNesting = 2;  // a specification may hold fields, those may not

class StrFormatter {
 public:
  StrFormatter(Runtime& runtime, const Arguments& arguments) : runtime_(runtime), arguments_(arguments) {}

  void Append(TextBuilder& out, std::string_view text, int nesting) {
    if (nesting > kMaxNesting) Fail("Max string recursion exceeded");
    for (size_t at = 0; at < text.size();) {
      const size_t brace = text.find_first_of("{}", at);
      out.Append(text.substr(at, brace - at));
      if (brace == std::string_view::npos) break;
      if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
        out.Append(text[brace]);
        at = brace + 2;
        continue;
      }
      if (text[brace] == '}') Fail("Single '}' encountered in format string");
      const size_t end = FieldEnd(text, brace + 1);
      Field(out, text.substr(brace + 1, end - brace - 1), nesting);
      at = end + 1;
    }
  }

 private:
  // Where the field that begins at `at` closes: braces inside it are balanced.
  static size_t FieldEnd(std::string_view text, size_t at) {
    for (int open = 1; at < text.size(); ++at) {
      if (text[at] == '{') ++open;
      if (text[at] == '}' && --open == 0) return at;
    }
    Fail("expected '}' before end of string");
  }

  void Field(TextBuilder& out, std::string_view field, int nesting) {
    runtime_.budget.Step();
    size_t name_end = 0;
    for (bool bracket = false; name_end < field.size(); ++name_end) {
      const char c = field[name_end];
      if (c == '[') bracket = true;
      if (c == ']') bracket = false;
      if (!bracket && (c == ':' || c == '!')) break;
    }
    Value value = Lookup(field.substr(0, name_end));
    std::string_view rest = field.substr(name_end);
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) Fail("expected ':' after conversion specifier");
      TextBuilder text(runtime_.budget);
      if (rest[1] == 'r') {
        AppendRepr(runtime_, text, value);
      } else if (rest[1] == 's') {
        AppendStr(runtime_, text, value);
      } else {
        Fail("the conversion !" + std::string(1, rest[1]) + " is not supported");
      }
      value = text.Finish();
      rest = rest.substr(2);
    }
    TextBuilder spec(runtime_.budget);
    if (!rest.empty()) Append(spec, rest.substr(1), nesting + 1);
    if (spec.size() == 0) {
      return AppendStr(runtime_, out, value);  // for every type
    }
    AppendFormatted(out, value, ParseFormatSpec(spec.view()));
  }

  Value Lookup(std::string_view name) {
    size_t at = std::min(name.find_first_of(".["), name.size());
    Value value = First(name.substr(0, at));
    while (at < name.size()) {
      if (name[at] == '.') {
        const size_t end = std::min(name.find_first_of(".[", at + 1), name.size());
        value = GetAttribute(runtime_, value, name.substr(at + 1, end - at - 1));
        at = end;
      } else if (name[at] == '[') {
        const size_t end = name.find(']', at);
        if (end == std::string_view::npos) Fail("Missing ']' in format string");
        const std::string_view key = name.substr(at + 1, end - at - 1);
        value = GetItem(runtime_, value, IsIndex(key) ? Index(key) : Value::String(std::string(key)));
        at = end + 1;
      } else {
        Fail("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  Value First(std::string_view name) {
    enum Numbering { kUnknown, kAutomatic, kManual };
    if (name.empty() || IsIndex(name)) {
      const int numbering = name.empty() ? kAutomatic : kManual;
      if (numbering_ != kUnknown && numbering_ != numbering) {
        Fail("cannot switch between manual field specification and automatic field numbering");
      }
      numbering_ = numbering;
      const auto index = name.empty() ? next_++ : static_cast<size_t>(Index(name).integer());
      if (index >= arguments_.positional.size()) {
        Fail("Replacement index " + std::to_string(index) + " out of range for positional args tuple");
      }
      return arguments_.positional[index];
    }
    for (const auto& [known, value] : arguments_.named) {
      if (known == name) return value;
    }
    Fail(StringRepr(name));
  }

  static bool IsIndex(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  }
  static Value Index(std::string_view text) {
    if (text.size() > 9) Fail("Too many decimal digits in format string");
    return Value::Int(std::stol(std::string(text)));
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  size_t next_ = 0;
  int numbering_ = 0;
};

}  // namespace

Value StrFormat(Runtime& runtime, const Value& format, const Arguments& arguments) {
  if (format.safe()) Fail("format() of a string that is marked safe is not supported");
  TextBuilder out(runtime.budget);
  StrFormatter(runtime, arguments).Append(out, format.utf8(), 1);
  return out.Finish();
}

}  // namespace candor::jinja
