#include <algorithm>
#include <cmath>

#include "chat/jinja/failure.h"
#include "chat/jinja/json.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, TextBuilder& out, const JsonStyle& style)
      : runtime_(runtime), out_(out), style_(style) {}

  void Write(const Value& value) {
    const DepthGuard guard(runtime_.recursion, kMaxRecursion, "values nest");
    runtime_.budget.Step();
    switch (value.kind()) {
      case Kind::kNone:
        return out_.Append("null");
      case Kind::kBool:
        return out_.Append(value.boolean() ? "true" : "false");
      case Kind::kInt:
        return out_.Append(std::to_string(value.integer()));
      case Kind::kBigInt:
        return out_.Append(value.digits());
      case Kind::kFloat:
        return out_.Append(Number(value.real()));
      case Kind::kString:
        return WriteString(value.utf8());
      case Kind::kList:
      case Kind::kTuple:
        return WriteItems(value.items());
      case Kind::kDict:
        return WriteDict(value.dict());
      default:
        Fail("Object of type " + std::string(TypeName(value)) + " is not JSON serializable");
    }
  }

 private:
  static std::string Number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return FloatRepr(value);
  }

  void WriteString(std::string_view text) {
    out_.Append('"');
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      const char32_t c = NextCodePoint(text, at);
      if (c >= ' ' && c != '"' && c != '\\' && (c < 0x80 ? c != 0x7F || !style_.ascii : !style_.ascii)) continue;
      out_.Append(text.substr(done, begin - done));
      done = at;
      WriteEscape(c);
    }
    out_.Append(text.substr(done));
    out_.Append('"');
  }

  void WriteEscape(char32_t c) {
    switch (c) {
      case '"':
        return out_.Append("\\\"");
      case '\\':
        return out_.Append("\\\\");
      case '\n':
        return out_.Append("\\n");
      case '\r':
        return out_.Append("\\r");
      case '\t':
        return out_.Append("\\t");
      case '\f':
        return out_.Append("\\f");
      case '\b':
        return out_.Append("\\b");
      default:
        break;
    }
    if (c < 0x10000) return WriteUnit(c);
    WriteUnit(0xD800 + ((c - 0x10000) >> 10));
    WriteUnit(0xDC00 + ((c - 0x10000) & 0x3FF));
  }

  void WriteUnit(char32_t unit) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const char text[] = {
        '\\', 'u', kDigits[unit >> 12 & 15], kDigits[unit >> 8 & 15], kDigits[unit >> 4 & 15], kDigits[unit & 15]};
    out_.Append(std::string_view(text, sizeof(text)));
  }

  void NewLine() {
    if (!style_.indent) return;
    out_.Append('\n');
    out_.AppendRepeated(*style_.indent, level_);
  }

  void WriteItems(const std::vector<Value>& items) {
    if (items.empty()) return out_.Append("[]");
    out_.Append('[');
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.Append(style_.item_separator);
      NewLine();
      Write(items[i]);
    }
    --level_;
    NewLine();
    out_.Append(']');
  }

  void WriteDict(const Dict& dict) {
    if (dict.size() == 0) return out_.Append("{}");
    std::vector<const Dict::Entry*> entries;
    runtime_.budget.Build(dict.size() * sizeof(entries[0]));
    for (const auto& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys) {
      // Compared where they differ only, as Python does, so that unlike keys fail with its message.
      std::stable_sort(entries.begin(), entries.end(),
                       [&](const auto* a, const auto* b) { return Less(runtime_, a->first, b->first); });
    }
    out_.Append('{');
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_.Append(style_.item_separator);
      NewLine();
      WriteKey(entries[i]->first);
      out_.Append(style_.key_separator);
      Write(entries[i]->second);
    }
    --level_;
    NewLine();
    out_.Append('}');
  }

  void WriteKey(const Value& key) {
    if (key.is_string()) return WriteString(key.utf8());
    if (key.is_number() || key.is(Kind::kNone) || key.is(Kind::kBigInt)) {
      out_.Append('"');
      Write(key);
      return out_.Append('"');
    }
    Fail("keys must be str, int, float, bool or None, not " + std::string(TypeName(key)));
  }

  Runtime& runtime_;
  TextBuilder& out_;
  const JsonStyle& style_;
  uint64_t level_ = 0;
};

}  // namespace

void AppendJson(Runtime& runtime, TextBuilder& out, const Value& value, const JsonStyle& style) {
  JsonWriter(runtime, out, style).Write(value);
}

}  // namespace candor::jinja
