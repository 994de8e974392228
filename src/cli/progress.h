// One line on a terminal that shows how far something long has come: a pull, a load, a long prefill.
//
//   smollm2-135m  [##########..............]  41%  40.3 / 98.4 MB  12.1 MB/s  5 s left
//
// Drawn on stderr at most ten times a second, and only when the thing takes longer than a moment; the line is erased
// when it is done, so that what follows stands alone. On a dumb terminal, in a pipe or in a log nothing is drawn.
#ifndef CANDOR_CLI_PROGRESS_H_
#define CANDOR_CLI_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace candor {

enum class ProgressUnit { kBytes, kTokens };

// The text of the line, at most `columns` characters; `label` is shown printable. `total` 0: not known. `seconds` since
// `done` was `start`.
std::string FormatProgress(const std::string& label, ProgressUnit unit, uint64_t done, uint64_t total, uint64_t start,
                           double seconds, int columns);

// "98.4 MB", "4.7 GB"; powers of ten, as disks and networks count.
std::string FormatBytes(uint64_t bytes);

// Whether stderr is a terminal that understands carriage returns and erasing.
bool StderrIsTerminal();

// One thread at a time. Works in a sealed process.
class Progress {
 public:
  // `enabled`: usually StderrIsTerminal().
  Progress(std::string_view label, ProgressUnit unit, bool enabled);
  // Erases the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap when it is not yet time to draw. A `done` smaller than before starts the measurement of speed again.
  void Update(uint64_t done, uint64_t total);
  void SetLabel(std::string_view label) { label_ = label; }
  // Erases the line now, for a message; the next Update draws it again.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  ProgressUnit unit_;
  bool enabled_;
  bool drawn_ = false;
  bool started_ = false;
  uint64_t start_ = 0;  // `done` of the first Update
  uint64_t last_ = 0;
  Clock::time_point begin_;
  Clock::time_point next_draw_;
};

}  // namespace candor

#endif  // CANDOR_CLI_PROGRESS_H_
