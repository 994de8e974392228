// The bottom of a terminal's screen as lines that may still change while a text is being written.
#ifndef CANDOR_CLI_TERMINAL_SCREEN_PAINTER_H_
#define CANDOR_CLI_TERMINAL_SCREEN_PAINTER_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "cli/terminal/styled_text.h"

namespace candor {

struct ScreenSize {
  uint32_t columns = 80;
  uint32_t rows = 24;
  bool operator==(const ScreenSize&) const = default;
};

// Where a painter writes, and how large it is now.
struct Screen {
  std::function<void(std::string_view)> write;
  std::function<ScreenSize()> size;
};

// Shows a list of lines and rewrites only what differs from what is there: usually it appends a few characters.
// Lines that have left the screen at its top are as they were. Not thread-safe. Between calls nobody else writes to
// the terminal, unless Commit() was called.
class ScreenPainter {
 public:
  explicit ScreenPainter(Screen screen) : screen_(std::move(screen)) {}

  // Shows `lines` in place of those of the last Paint. The cursor stays at the end of the last of them.
  void Paint(const std::vector<Line>& lines);
  // Ends the last line: what is shown stays, and the next Paint begins below it.
  void Commit();

  ScreenSize size() const { return screen_.size(); }

 private:
  // The first line that can still be reached with the cursor.
  size_t FirstReachable() const;
  uint32_t RowsFrom(size_t first) const;

  Screen screen_;
  ScreenSize painted_size_;
  std::vector<Line> shown_;
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_SCREEN_PAINTER_H_
