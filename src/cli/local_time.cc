#include "cli/local_time.h"

#include <chrono>
#include <ctime>

#include "base/error.h"

namespace candor {

int64_t LocalNow() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return static_cast<int64_t>(now) + local.tm_gmtoff;
}

int64_t ParseLocalTime(const std::string& text, const std::string& name) {
  const std::string pattern = "dddd-dd-ddTdd:dd:dd";
  const std::string full = text.size() == pattern.size() - 3 ? text + ":00" : text;
  bool matches = full.size() == pattern.size();
  for (size_t i = 0; matches && i < pattern.size(); ++i) {
    matches = pattern[i] == 'd' ? full[i] >= '0' && full[i] <= '9' : full[i] == pattern[i];
  }
  const auto number = [&](size_t at, size_t digits) { return std::stoi(full.substr(at, digits)); };
  if (matches) {
    using namespace std::chrono;
    const year_month_day date(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                              day(static_cast<unsigned>(number(8, 2))));
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if (date.ok() && hour < 24 && minute < 60 && second < 60) {
      return sys_days(date).time_since_epoch().count() * int64_t{86400} + hour * 3600 + minute * 60 + second;
    }
  }
  throw UsageError(name + ": \"" + text + "\" is no time; expected the form 2026-11-22T09:30:00");
}

}  // namespace candor
