#include <cmath>
#include <optional>

#include "chat/jinja/failure.h"
#include "chat/jinja/format.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

// One rendering of a format string.
class PercentFormatter {
 public:
  PercentFormatter(Runtime& runtime, const Value& format, const Value& arguments)
      : runtime_(runtime), text_(format.utf8()), safe_(format.safe()), arguments_(arguments), out_(runtime.budget) {}

  Value Format() {
    while (at_ < text_.size()) {
      const size_t percent = text_.find('%', at_);
      out_.Append(text_.substr(at_, percent - at_));
      if (percent == std::string_view::npos) break;
      at_ = percent + 1;
      Conversion();
    }
    // A mapping may have more entries than are used; Python counts strings' own lookups out, lists in.
    const bool is_mapping = arguments_.is(Kind::kDict) || arguments_.is(Kind::kList) || arguments_.is_undefined();
    const size_t given = arguments_.is(Kind::kTuple) ? arguments_.items().size() : is_mapping ? used_ : 1;
    if (used_ < given && !used_mapping_) Fail("not all arguments converted during string formatting");
    return out_.Finish(safe_);
  }

 private:
  char Take() {
    if (at_ == text_.size()) Fail("incomplete format");
    return text_[at_++];
  }

  const Value& NextArgument() {
    if (arguments_.is(Kind::kTuple)) {
      if (used_ == arguments_.items().size()) Fail("not enough arguments for format string");
      return arguments_.items()[used_++];
    }
    if (used_ == 1) Fail("not enough arguments for format string");
    ++used_;
    return arguments_;
  }

  Value NamedArgument() {
    const size_t begin = at_;
    for (int open = 1; open > 0;) {
      if (at_ == text_.size()) Fail("incomplete format key");
      const char c = text_[at_++];
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    const std::string_view key = text_.substr(begin, at_ - begin - 1);
    if (!arguments_.is(Kind::kDict)) Fail("format requires a mapping");
    const Value* value = arguments_.dict().Find(key, &runtime_.budget);
    if (value == nullptr) Fail(StringRepr(key));
    used_mapping_ = true;
    return *value;
  }

  // A number in the format, or one taken from the arguments for '*'.
  std::optional<int64_t> Number() {
    if (at_ < text_.size() && text_[at_] == '*') {
      ++at_;
      const Value& value = NextArgument();
      if (!value.is_integral()) Fail("* wants int");
      return value.integral();
    }
    std::optional<int64_t> number;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      number = number.value_or(0) * 10 + (text_[at_++] - '0');
      if (*number > INT32_MAX) Fail("width too big");
    }
    return number;
  }

  void Conversion() {
    runtime_.budget.Step();
    std::optional<Value> named;
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      named = NamedArgument();
    }
    FormatSpec spec;
    spec.align = '>';
    for (bool flag = true; flag && at_ < text_.size();) {
      switch (text_[at_]) {
        case '-':
          spec.align = '<';
          break;
        case '+':
          spec.sign = '+';
          break;
        case ' ':
          if (spec.sign != '+') spec.sign = ' ';
          break;
        case '#':
          spec.alternate = true;
          break;
        case '0':
          zero_ = true;
          break;
        default:
          flag = false;
          continue;
      }
      ++at_;
    }
    if (const auto width = Number()) {
      spec.width = *width < 0 ? -*width : *width;
      if (*width < 0) spec.align = '<';
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      spec.precision = std::max<int64_t>(Number().value_or(0), 0);
      if (*spec.precision > 1000) FailLimit("a precision beyond 1000");
    }
    while (at_ < text_.size() && (text_[at_] == 'h' || text_[at_] == 'l' || text_[at_] == 'L')) ++at_;
    const char type = Take();
    if (type == '%') return out_.Append('%');
    const Value value = named ? *named : NextArgument();
    Apply(type, value, spec);
    zero_ = false;
  }

  void Apply(char type, const Value& value, FormatSpec spec) {
    if (std::string_view("diuoxX").find(type) != std::string_view::npos) {
      return Integer(type, value, spec);
    }
    if (std::string_view("eEfFgG").find(type) != std::string_view::npos) {
      if (!value.is_number()) {
        RequireDefined(value);
        Fail("must be real number, not " + std::string(TypeName(value)));
      }
      Zero(spec);
      spec.type = type;
      return AppendFormattedFloat(out_, value.is_integral() ? static_cast<double>(value.integral()) : value.real(),
                                  spec);
    }
    if (type == 's' || type == 'r') {
      spec.alternate = false;
      TextBuilder text(runtime_.budget);
      const Value plain = safe_ ? Escaped(value) : value;
      type == 's' ? AppendStr(runtime_, text, plain) : AppendRepr(runtime_, text, plain);
      return AppendFormattedText(out_, text.view(), spec);
    }
    if (type == 'c' || type == 'a') Fail("the conversion %" + std::string(1, type) + " is not supported");
    Fail("unsupported format character '" + std::string(1, type) + "'");
  }

  void Integer(char type, const Value& value, FormatSpec spec) {
    const bool decimal = type == 'd' || type == 'i' || type == 'u';
    if (value.is(Kind::kBigInt)) Fail("formatting an integer beyond 64 bits is not supported");
    int64_t number;
    if (value.is_integral()) {
      number = value.integral();
    } else if (decimal && value.is(Kind::kFloat) && std::fabs(value.real()) < 0x1p63) {
      number = static_cast<int64_t>(value.real());
    } else {
      RequireDefined(value);
      Fail("%" + std::string(1, type) + " format: " + (decimal ? "a real number" : "an integer") +
           " is required, not " + std::string(TypeName(value)));
    }
    if (spec.precision) Fail("a precision for integers is not supported");
    Zero(spec);
    spec.type = decimal ? 'd' : type;
    AppendFormattedInt(out_, number, spec);
  }

  void Zero(FormatSpec& spec) const {
    if (!zero_ || spec.align == '<') return;
    spec.fill = '0';
    spec.align = '=';
  }

  Value Escaped(const Value& value) { return EscapeHtml(runtime_, ToString(runtime_, value)); }

  Runtime& runtime_;
  std::string_view text_;
  bool safe_;
  const Value& arguments_;
  TextBuilder out_;
  size_t at_ = 0;
  size_t used_ = 0;
  bool used_mapping_ = false;
  bool zero_ = false;
};

}  // namespace

Value PercentFormat(Runtime& runtime, const Value& format, const Value& arguments) {
  return PercentFormatter(runtime, format, arguments).Format();
}

}  // namespace candor::jinja
