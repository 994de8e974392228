#include "chat/jinja/repr.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "chat/jinja/failure.h"

namespace candor::jinja {
namespace {

void AppendSequence(Runtime& runtime, TextBuilder& out, const std::vector<Value>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.Append(", ");
    AppendRepr(runtime, out, items[i]);
  }
}

void AppendHex(std::string& out, char32_t c, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kDigits[c >> (4 * i) & 15];
}

}  // namespace

std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // The shortest digits that read back as `value`, as d.ddde+xx; Python changes to that form outside [1e-4, 1e16).
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string scientific(buffer, end);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (value != 0 && (exponent < -4 || exponent >= 16)) return scientific;
  end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed).ptr;
  std::string fixed(buffer, end);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

std::string StringRepr(std::string_view utf8) {
  const bool double_quotes = utf8.find('\'') != std::string_view::npos && utf8.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (size_t at = 0; at < utf8.size();) {
    const size_t begin = at;
    const char32_t c = NextCodePoint(utf8, at);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x7F ? c >= ' ' : IsPrintable(c)) {
      out += utf8.substr(begin, at - begin);
    } else {
      out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      AppendHex(out, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
  }
  return out + quote;
}

void AppendStr(Runtime& runtime, TextBuilder& out, const Value& value) {
  if (value.is_string()) {
    out.Append(value.utf8());
  } else if (!value.is_undefined()) {
    AppendRepr(runtime, out, value);
  }
}

void AppendRepr(Runtime& runtime, TextBuilder& out, const Value& value) {
  const DepthGuard guard(runtime.recursion, kMaxRecursion, "values nest");
  runtime.budget.Step();
  switch (value.kind()) {
    case Kind::kUndefined:
      return out.Append("Undefined");
    case Kind::kNone:
      return out.Append("None");
    case Kind::kBool:
      return out.Append(value.boolean() ? "True" : "False");
    case Kind::kInt:
      return out.Append(std::to_string(value.integer()));
    case Kind::kBigInt:
      return out.Append(value.digits());
    case Kind::kFloat:
      return out.Append(FloatRepr(value.real()));
    case Kind::kString:
      runtime.budget.CheckLength(out.size() + value.utf8().size());
      if (value.safe()) out.Append("Markup(");
      out.Append(StringRepr(value.utf8()));
      if (value.safe()) out.Append(")");
      return;
    case Kind::kList:
      out.Append("[");
      AppendSequence(runtime, out, value.items());
      return out.Append("]");
    case Kind::kTuple:
      out.Append("(");
      AppendSequence(runtime, out, value.items());
      return out.Append(value.items().size() == 1 ? ",)" : ")");
    case Kind::kDict: {
      out.Append("{");
      bool first = true;
      for (const auto& [key, item] : value.dict().entries()) {
        if (!first) out.Append(", ");
        first = false;
        AppendRepr(runtime, out, key);
        out.Append(": ");
        AppendRepr(runtime, out, item);
      }
      return out.Append("}");
    }
    case Kind::kObject:
      if (!value.object()->Repr(runtime, out)) {
        Fail("a " + std::string(TypeName(value)) + " has no text form that is the same every time");
      }
  }
}

Value ToString(Runtime& runtime, const Value& value) {
  if (value.is_string()) return value;
  TextBuilder out(runtime.budget);
  AppendStr(runtime, out, value);
  return out.Finish();
}

}  // namespace candor::jinja
