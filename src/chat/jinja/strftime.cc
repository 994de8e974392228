#include <chrono>
#include <cstdio>

#include "chat/jinja/failure.h"
#include "chat/jinja/globals.h"

namespace candor::jinja {
namespace {

constexpr const char* kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};

struct Moment {
  int64_t year;
  unsigned month, day;  // from 1
  unsigned weekday;     // from Sunday = 0
  unsigned year_day;    // from 0
  int64_t hour, minute, second;
};

Moment Split(int64_t seconds) {
  using std::chrono::days;
  const auto date = std::chrono::floor<days>(std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day civil(date);
  const auto january = std::chrono::sys_days(civil.year() / std::chrono::January / 1);
  const int64_t of_day = seconds - date.time_since_epoch().count() * 86400;
  return {static_cast<int>(civil.year()),
          static_cast<unsigned>(civil.month()),
          static_cast<unsigned>(civil.day()),
          std::chrono::weekday(date).c_encoding(),
          static_cast<unsigned>((date - january).count()),
          of_day / 3600,
          of_day / 60 % 60,
          of_day % 60};
}

std::string Padded(int64_t value, int width, char fill = '0') {
  std::string digits = std::to_string(value);
  while (static_cast<int>(digits.size()) < width) digits.insert(digits.begin(), fill);
  return digits;
}

// The year and number of the ISO 8601 week.
std::pair<int64_t, int64_t> IsoWeek(const Moment& at) {
  const int64_t weekday = at.weekday == 0 ? 7 : at.weekday;
  const int64_t week = (static_cast<int64_t>(at.year_day) + 1 - weekday + 10) / 7;
  const auto weeks_of = [](int64_t year) {
    const auto p = [](int64_t y) { return (y + y / 4 - y / 100 + y / 400) % 7; };
    return p(year) == 4 || p(year - 1) == 3 ? 53 : 52;
  };
  if (week < 1) return {at.year - 1, weeks_of(at.year - 1)};
  if (week > weeks_of(at.year)) return {at.year + 1, 1};
  return {at.year, week};
}

std::string Directive(char c, const Moment& at, int64_t seconds) {
  const int64_t hour12 = at.hour % 12 == 0 ? 12 : at.hour % 12;
  switch (c) {
    case 'a':
      return std::string(kDays[at.weekday]).substr(0, 3);
    case 'A':
      return kDays[at.weekday];
    case 'b':
    case 'h':
      return std::string(kMonths[at.month - 1]).substr(0, 3);
    case 'B':
      return kMonths[at.month - 1];
    case 'c':
      return Directive('a', at, seconds) + " " + Directive('b', at, seconds) + " " + Padded(at.day, 2, ' ') + " " +
             Directive('T', at, seconds) + " " + std::to_string(at.year);
    case 'C':
      return Padded(at.year / 100, 2);
    case 'd':
      return Padded(at.day, 2);
    case 'D':
    case 'x':
      return Padded(at.month, 2) + "/" + Padded(at.day, 2) + "/" + Padded(at.year % 100, 2);
    case 'e':
      return Padded(at.day, 2, ' ');
    case 'f':
      return "000000";
    case 'F':
      return std::to_string(at.year) + "-" + Padded(at.month, 2) + "-" + Padded(at.day, 2);
    case 'g':
      return Padded(IsoWeek(at).first % 100, 2);
    case 'G':
      return std::to_string(IsoWeek(at).first);
    case 'H':
      return Padded(at.hour, 2);
    case 'I':
      return Padded(hour12, 2);
    case 'j':
      return Padded(at.year_day + 1, 3);
    case 'k':
      return Padded(at.hour, 2, ' ');
    case 'l':
      return Padded(hour12, 2, ' ');
    case 'm':
      return Padded(at.month, 2);
    case 'M':
      return Padded(at.minute, 2);
    case 'n':
      return "\n";
    case 'p':
      return at.hour < 12 ? "AM" : "PM";
    case 'P':
      return at.hour < 12 ? "am" : "pm";
    case 'r':
      return Padded(hour12, 2) + ":" + Padded(at.minute, 2) + ":" + Padded(at.second, 2) + " " +
             Directive('p', at, seconds);
    case 'R':
      return Padded(at.hour, 2) + ":" + Padded(at.minute, 2);
    case 'S':
      return Padded(at.second, 2);
    case 't':
      return "\t";
    case 'T':
    case 'X':
      return Directive('R', at, seconds) + ":" + Padded(at.second, 2);
    case 'u':
      return std::to_string(at.weekday == 0 ? 7 : at.weekday);
    case 'U':
      return Padded((at.year_day + 7 - at.weekday) / 7, 2);
    case 'V':
      return Padded(IsoWeek(at).second, 2);
    case 'w':
      return std::to_string(at.weekday);
    case 'W':
      return Padded((at.year_day + 7 - (at.weekday + 6) % 7) / 7, 2);
    case 'y':
      return Padded(at.year % 100, 2);
    case 'Y':
      return std::to_string(at.year);
    case 'z':
    case 'Z':
      return "";  // a naive time has no zone
    case '%':
      return "%";
    default:
      Fail("the format %" + std::string(1, c) + " is not supported by strftime_now");
  }
}

}  // namespace

std::string FormatTime(int64_t seconds, const std::string& format) {
  constexpr int64_t kFirst = -62'135'596'800, kLast = 253'402'300'799;  // the years 1 to 9999, as Python has them
  if (seconds < kFirst || seconds > kLast) Fail("the time is outside the years 1 to 9999");
  constexpr size_t kMaxFormat = 1000;
  if (format.size() > kMaxFormat) FailLimit("a format of strftime_now longer than " + std::to_string(kMaxFormat));
  const Moment at = Split(seconds);
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    ++i;
    // "-" of the C library: no padding. The only modifier that templates use.
    const bool plain = i < format.size() && format[i] == '-';
    if (plain) ++i;
    if (i == format.size()) Fail("incomplete format of strftime_now");
    std::string text = Directive(format[i], at, seconds);
    if (plain) {
      const size_t digit = text.find_first_not_of("0 ");
      text = digit == std::string::npos ? text.substr(text.empty() ? 0 : text.size() - 1) : text.substr(digit);
    }
    out += text;
  }
  return out;
}

}  // namespace candor::jinja
