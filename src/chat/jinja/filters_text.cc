#include <algorithm>

#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/format.h"
#include "chat/jinja/json.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"
#include "chat/jinja/strings.h"

namespace candor::jinja {
namespace {

const Value& RequireString(const Value& input, const char* filter) {
  RequireDefined(input);
  if (!input.is_string()) {
    Fail(std::string("the filter '") + filter + "' wants a string, not " + std::string(TypeName(input)));
  }
  return input;
}

template <std::string (*map)(std::string_view)>
Value Mapped(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("a case filter", arguments);
  const Value text = ToString(runtime, input);
  return NewText(runtime, map(text.utf8()), text.safe());
}

// Each word, as white space and opening brackets divide them, begins with a capital.
Value Title(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("title", arguments);
  const Value value = ToString(runtime, input);
  const std::string_view text = value.utf8();
  const auto divides = [](char32_t c) {
    return IsSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  };
  TextBuilder out(runtime.budget);
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    size_t second = at;
    const bool is_divider = divides(NextCodePoint(text, second));
    for (size_t next = at; next < text.size(); at = next) {
      if (divides(NextCodePoint(text, next)) != is_divider) break;
    }
    out.Append(ToUpper(text.substr(begin, second - begin)));
    out.Append(ToLower(text.substr(second, at - second)));
  }
  return out.Finish();
}

Value Trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"});
  const Value text = ToString(runtime, input);
  const std::string_view stripped = bound.OrNone(0) == nullptr
                                        ? StripSpace(text.utf8(), true, true)
                                        : StripCharacters(runtime, text.utf8(), bound.Text(0, ""), true, true);
  return NewText(runtime, std::string(stripped), text.safe());
}

Value Center(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("center", arguments, {"width"});
  return PadText(runtime, ToString(runtime, input), bound.Integer(0, 80), " ", true, true);
}

Value Replace(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const Value old = ToString(runtime, *bound[0]), by = ToString(runtime, *bound[1]);
  const int64_t limit = bound.OrNone(2) ? bound.Integer(2, -1) : -1;
  return ReplaceText(runtime, ToString(runtime, input).WithSafe(false), old.utf8(), by.utf8(), limit);
}

Value Escape(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("escape", arguments);
  return EscapeHtml(runtime, ToString(runtime, input));
}

Value ForceEscape(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("forceescape", arguments);
  return EscapeHtml(runtime, ToString(runtime, input).WithSafe(false));
}

Value Safe(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("safe", arguments);
  return ToString(runtime, input).WithSafe(true);
}

Value String(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("string", arguments);
  return ToString(runtime, input);
}

Value Format(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    Fail("can't handle positional and keyword arguments at the same time");
  }
  const Value format = ToString(runtime, input);
  if (arguments.named.empty()) return PercentFormat(runtime, format, Value::Tuple(arguments.positional));
  std::vector<Dict::Entry> entries;
  for (const auto& [name, value] : arguments.named) entries.emplace_back(NewText(runtime, name), value);
  return PercentFormat(runtime, format, Value::MakeDict(std::move(entries), &runtime.budget));
}

Value Indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"});
  const Value& text = RequireString(input, "indent");
  std::string margin;
  if (bound.Has(0) && bound[0]->is_string()) {
    margin = bound[0]->utf8();
  } else {
    const int64_t width = bound.Integer(0, 4);
    runtime.budget.CheckLength(static_cast<uint64_t>(std::max<int64_t>(width, 0)));
    margin.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  const bool first = bound.Truth(runtime, 1, false), blank = bound.Truth(runtime, 2, false);
  TextBuilder out(runtime.budget);
  const std::string ended = text.utf8() + "\n";
  bool is_first = true;
  for (const std::string_view line : Lines(ended, false)) {
    runtime.budget.Step();
    if (!is_first) out.Append("\n");
    if (is_first ? first : blank || !line.empty()) out.Append(margin);
    out.Append(line);
    is_first = false;
  }
  return out.Finish(text.safe());
}

Value Truncate(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const Value end = bound.Has(2) ? RequireString(*bound[2], "truncate") : Value::String("...");
  const int64_t length = bound.Integer(0, 255), leeway = bound.OrNone(3) ? bound.Integer(3, 5) : 5;
  const auto end_length = static_cast<int64_t>(end.text().length);
  if (length < end_length) {
    Fail("expected length >= " + std::to_string(end_length) + ", got " + std::to_string(length));
  }
  if (leeway < 0) Fail("expected leeway >= 0, got " + std::to_string(leeway));
  if (Length(runtime, input) - length <= leeway) return input;
  const Value& text = RequireString(input, "truncate");
  Value kept = Slice(runtime, text, Value(), Value::Int(length - end_length), Value());
  if (!bound.Truth(runtime, 1, false)) {
    const size_t space = kept.utf8().rfind(' ');
    if (space != std::string::npos) kept = NewText(runtime, kept.utf8().substr(0, space), kept.safe());
  }
  return Arithmetic(runtime, ArithmeticOp::kAdd, kept, end);
}

Value WordCount(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("wordcount", arguments);
  const Value text = ToString(runtime, input);
  int64_t words = 0;
  bool inside = false;
  for (size_t at = 0; at < text.utf8().size();) {
    const bool is_word = IsWord(NextCodePoint(text.utf8(), at));
    words += is_word && !inside;
    inside = is_word;
  }
  return Value::Int(words);
}

void AppendQuoted(Runtime& runtime, TextBuilder& out, const Value& value, bool in_query) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const Value text = ToString(runtime, value);
  for (const char c : text.utf8()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                       c == '.' || c == '-' || c == '~' || (c == '/' && !in_query);
    if (plain) {
      out.Append(c);
    } else if (c == ' ' && in_query) {
      out.Append('+');
    } else {
      out.Append('%');
      out.Append(kDigits[byte >> 4]);
      out.Append(kDigits[byte & 15]);
    }
  }
}

Value UrlEncode(Runtime& runtime, const Value& input, const Arguments& arguments) {
  RequireNoArguments("urlencode", arguments);
  TextBuilder out(runtime.budget);
  if (input.is_string() || !IsIterable(input)) {
    AppendQuoted(runtime, out, input, false);
    return out.Finish();
  }
  const Value pairs =
      input.is(Kind::kDict) ? Value::Host(std::make_shared<DictView>(input, DictView::Part::kItems)) : input;
  const auto iterator = Iterate(runtime, pairs);
  for (Value pair; iterator->Next(runtime, pair);) {
    const std::vector<Value> items = ToVector(runtime, pair);
    if (items.size() != 2) Fail("the filter 'urlencode' wants pairs");
    if (out.size() > 0) out.Append('&');
    AppendQuoted(runtime, out, items[0], true);
    out.Append('=');
    AppendQuoted(runtime, out, items[1], true);
  }
  return out.Finish();
}

Value XmlAttr(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("xmlattr", arguments, {"autospace"});
  RequireDefined(input);
  if (!input.is(Kind::kDict)) Fail("'" + std::string(TypeName(input)) + " object' has no attribute 'items'");
  TextBuilder out(runtime.budget);
  for (const auto& [key, value] : input.dict().entries()) {
    runtime.budget.Step();
    if (value.is(Kind::kNone) || value.is_undefined()) continue;
    const std::string& name = RequireString(key, "xmlattr").utf8();
    if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      Fail("Invalid character in attribute name: " + StringRepr(name));
    }
    if (out.size() > 0 || bound.Truth(runtime, 0, true)) out.Append(' ');
    out.Append(EscapeHtml(runtime, key).utf8());
    out.Append("=\"");
    out.Append(EscapeHtml(runtime, ToString(runtime, value)).utf8());
    out.Append('"');
  }
  return out.Finish();
}

Value ToJson(Runtime& runtime, const Value& input, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = bound.Truth(runtime, 0, false);
  style.sort_keys = bound.Truth(runtime, 3, false);
  if (const Value* indent = bound.OrNone(1)) {
    if (indent->is_string()) {
      style.indent = indent->utf8();
    } else {
      const int64_t width = std::max<int64_t>(bound.Integer(1, 0), 0);
      runtime.budget.CheckLength(static_cast<uint64_t>(width));
      style.indent = std::string(static_cast<size_t>(width), ' ');
    }
    style.item_separator = ",";
  }
  if (const Value* separators = bound.OrNone(2)) {
    if (!separators->is_sequence() || separators->items().size() != 2) Fail("tojson(): 'separators' must be a pair");
    style.item_separator = RequireString(separators->items()[0], "tojson").utf8();
    style.key_separator = RequireString(separators->items()[1], "tojson").utf8();
  }
  TextBuilder out(runtime.budget);
  AppendJson(runtime, out, input, style);
  return out.Finish();
}

constexpr Filter kFilters[] = {
    {"capitalize", Mapped<ToCapitalized>},
    {"center", Center},
    {"e", Escape},
    {"escape", Escape},
    {"forceescape", ForceEscape},
    {"format", Format},
    {"indent", Indent},
    {"lower", Mapped<ToLower>},
    {"pprint", nullptr},
    {"replace", Replace},
    {"safe", Safe},
    {"string", String},
    {"striptags", nullptr},
    {"title", Title},
    {"tojson", ToJson},
    {"trim", Trim},
    {"truncate", Truncate},
    {"upper", Mapped<ToUpper>},
    {"urlencode", UrlEncode},
    {"urlize", nullptr},
    {"wordcount", WordCount},
    {"wordwrap", nullptr},
    {"xmlattr", XmlAttr},
};

}  // namespace

std::span<const Filter> TextFilters() { return kFilters; }

}  // namespace candor::jinja
