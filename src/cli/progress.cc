#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "cli/standard_output.h"
#include "cli/terminal/printable.h"

namespace candor {
namespace {

constexpr std::chrono::milliseconds kFirstDraw{300};
constexpr std::chrono::milliseconds kBetweenDraws{100};
constexpr double kShortestMeasurement = 0.5;  // seconds before a speed is shown
constexpr size_t kBarCells = 24;
constexpr int kUsualColumns = 80;
constexpr uint32_t kLongestLabel = 100;
constexpr std::string_view kErase = "\r\x1b[K";

std::string Format(const char* format, double value, const char* unit) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return std::string(text) + unit;
}

struct Scale {
  double factor;
  const char* unit;
};

Scale BytesScale(double bytes) {
  if (bytes < 999.5) return {1, " B"};
  if (bytes < 999.5e3) return {1e3, " kB"};
  if (bytes < 999.5e6) return {1e6, " MB"};
  if (bytes < 999.5e9) return {1e9, " GB"};
  return {1e12, " TB"};
}

std::string Scaled(double bytes, const Scale& scale, const char* unit) {
  return Format(scale.factor == 1 ? "%.0f" : "%.1f", bytes / scale.factor, unit);
}

std::string FormatDuration(double seconds) {
  if (seconds < 90) return std::to_string(std::lround(std::max(seconds, 1.0))) + " s";
  if (seconds < 90 * 60) return std::to_string(std::lround(seconds / 60)) + " min";
  return Format("%.1f", seconds / 3600, " h");
}

std::string Amount(ProgressUnit unit, uint64_t done, uint64_t total) {
  if (unit == ProgressUnit::kTokens) {
    return total > 0 ? std::to_string(done) + " / " + std::to_string(total) + " tokens"
                     : std::to_string(done) + " tokens";
  }
  if (total == 0) return FormatBytes(done);
  const Scale scale = BytesScale(static_cast<double>(total));
  return Scaled(static_cast<double>(done), scale, "") + " / " + FormatBytes(total);
}

std::string Rate(ProgressUnit unit, double per_second) {
  if (unit == ProgressUnit::kTokens) return Format(per_second < 10 ? "%.1f" : "%.0f", per_second, " tokens/s");
  const Scale scale = BytesScale(per_second);
  return Scaled(per_second, scale, scale.unit) + "/s";
}

std::string Bar(double share) {
  const size_t full = static_cast<size_t>(share * kBarCells);
  std::string bar = "  [";
  bar.append(full, '#').append(kBarCells - full, '.');
  return bar += ']';
}

int TerminalColumns() {
  winsize size;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

void Write(std::string_view text) {
  // Progress is for the eyes: a terminal that has gone away is no reason to fail.
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  const Scale scale = BytesScale(static_cast<double>(bytes));
  return Scaled(static_cast<double>(bytes), scale, scale.unit);
}

std::string FormatProgress(const std::string& label, ProgressUnit unit, uint64_t done, uint64_t total, uint64_t start,
                           double seconds, int columns) {
  done = total > 0 ? std::min(done, total) : done;
  std::string tail = "  " + Amount(unit, done, total);
  if (seconds >= kShortestMeasurement && done > start) {
    const double rate = static_cast<double>(done - start) / seconds;
    tail += "  " + Rate(unit, rate);
    if (total > done) tail += "  " + FormatDuration(static_cast<double>(total - done) / rate) + " left";
  }
  std::string line = PrintableLine(label, kLongestLabel);
  if (total > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const std::string bar = Bar(share);
    char percent[16];
    std::snprintf(percent, sizeof percent, "  %3d%%", static_cast<int>(share * 100));
    const size_t wanted = line.size() + bar.size() + std::strlen(percent) + tail.size();
    if (wanted < static_cast<size_t>(columns)) line += bar;
    line += percent;
  }
  line += tail;
  // The last column stays free: some terminals wrap after it.
  return line.substr(0, static_cast<size_t>(std::max(columns - 1, 0)));
}

bool StderrIsTerminal() { return UnderstandsEscapes(STDERR_FILENO); }

Progress::Progress(std::string_view label, ProgressUnit unit, bool enabled)
    : label_(label), unit_(unit), enabled_(enabled) {}

Progress::~Progress() { Clear(); }

void Progress::Update(uint64_t done, uint64_t total) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (!started_) next_draw_ = now + kFirstDraw;
  if (!started_ || done < last_) {
    started_ = true;
    start_ = done;
    begin_ = now;
  }
  last_ = done;
  if (now < next_draw_) return;
  next_draw_ = now + kBetweenDraws;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  Write(std::string(kErase) + FormatProgress(label_, unit_, done, total, start_, seconds, TerminalColumns()));
  drawn_ = true;
}

void Progress::Clear() {
  if (drawn_) Write(kErase);
  drawn_ = false;
}

}  // namespace candor
