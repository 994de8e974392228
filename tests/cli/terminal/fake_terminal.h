// What a terminal shows after the bytes written to it: enough of ECMA-48 for the painter, and a failure for all else.
#ifndef CANDOR_TESTS_CLI_TERMINAL_FAKE_TERMINAL_H_
#define CANDOR_TESTS_CLI_TERMINAL_FAKE_TERMINAL_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal/printable.h"
#include "cli/terminal/screen_painter.h"

namespace candor {

class FakeTerminal {
 public:
  FakeTerminal(uint32_t columns, uint32_t rows) : size_{columns, rows}, cells_(1) {}

  Screen screen() {
    return {[this](std::string_view bytes) { Write(bytes); }, [this] { return size_; }};
  }
  void Resize(uint32_t columns, uint32_t rows) { size_ = {columns, rows}; }

  // All rows from the first on, scrolled away or not, without trailing spaces.
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& row : cells_) {
      std::string text;
      for (const std::string& cell : row) text += cell;
      text.erase(text.find_last_not_of(' ') + 1);
      rows.push_back(text);
    }
    return rows;
  }
  size_t bytes_written() const { return bytes_; }

 private:
  void Write(std::string_view bytes) {
    bytes_ += bytes.size();
    while (!bytes.empty()) {
      const unsigned char c = static_cast<unsigned char>(bytes[0]);
      if (c == '\x1b') {
        Escape(bytes);
        continue;
      }
      const Character character = NextCharacter(bytes);
      if (c == '\n') {
        column_ = 0;
        NextRow();
      } else if (c == '\r') {
        column_ = 0;
      } else if (c < 0x20 || c == 0x7F || (character.code >= 0x80 && character.code < 0xA0)) {
        ADD_FAILURE() << "control " << character.code;
      } else {
        Put(std::string(bytes.substr(0, character.bytes)), character.columns);
      }
      bytes.remove_prefix(character.bytes);
    }
  }
  void Escape(std::string_view& bytes) {
    size_t end = 2;
    while (end < bytes.size() && (bytes[end] == ';' || (bytes[end] >= '0' && bytes[end] <= '9'))) ++end;
    ASSERT_TRUE(bytes.size() > end && bytes[1] == '[') << "not a control sequence";
    const std::string number(bytes.substr(2, end - 2));
    switch (bytes[end]) {
      case 'm':
        break;
      case 'A': {
        const size_t top = cells_.size() > size_.rows ? cells_.size() - size_.rows : 0;
        const size_t up = std::stoul(number);
        ASSERT_GE(row_, top + up) << "beyond the top of the screen";
        row_ -= up;
        break;
      }
      case 'J':
        cells_[row_].resize(std::min<size_t>(cells_[row_].size(), column_));
        cells_.resize(row_ + 1);
        break;
      default:
        ADD_FAILURE() << "sequence " << bytes[end];
    }
    bytes.remove_prefix(end + 1);
  }
  void NextRow() {
    if (++row_ == cells_.size()) cells_.emplace_back();
  }
  void Put(const std::string& text, uint32_t columns) {
    if (columns == 0) {
      if (column_ > 0) cells_[row_][column_ - 1] += text;
      return;
    }
    if (column_ + columns > size_.columns) {
      column_ = 0;
      NextRow();
    }
    auto& row = cells_[row_];
    row.resize(std::max<size_t>(row.size(), column_ + columns), " ");
    row[column_] = text;
    for (uint32_t i = 1; i < columns; ++i) row[column_ + i].clear();
    column_ += columns;
  }

  ScreenSize size_;
  std::vector<std::vector<std::string>> cells_;
  size_t row_ = 0;
  size_t column_ = 0;
  size_t bytes_ = 0;
};

}  // namespace candor

#endif  // CANDOR_TESTS_CLI_TERMINAL_FAKE_TERMINAL_H_
