// Python's three ways to format: "%d items" % n, "{} items".format(n), and the mini-language after the colon.
//
// What these do not cover (the `n` and `a` conversions, a precision for a float without a type) fails.
#ifndef CANDOR_CHAT_JINJA_FORMAT_H_
#define CANDOR_CHAT_JINJA_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/jinja/runtime.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {

// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct FormatSpec {
  char32_t fill = ' ';
  char align = 0;  // < > = ^, or 0: as the type wants
  char sign = '-';
  bool alternate = false;
  char grouping = 0;  // , or _
  int64_t width = 0;
  std::optional<int64_t> precision;
  char type = 0;
};

FormatSpec ParseFormatSpec(std::string_view spec);
// format(value, spec) for strings and numbers.
void AppendFormatted(TextBuilder& out, const Value& value, const FormatSpec& spec);
// The same with a number that is already known to be an integer or a float.
void AppendFormattedInt(TextBuilder& out, int64_t value, const FormatSpec& spec);
void AppendFormattedFloat(TextBuilder& out, double value, const FormatSpec& spec);
void AppendFormattedText(TextBuilder& out, std::string_view text, const FormatSpec& spec);

// `format % arguments`, where a tuple is several arguments and a dict gives %(name)s.
Value PercentFormat(Runtime& runtime, const Value& format, const Value& arguments);
// format.format(...).
Value StrFormat(Runtime& runtime, const Value& format, const Arguments& arguments);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_FORMAT_H_
