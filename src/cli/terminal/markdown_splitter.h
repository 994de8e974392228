// Cuts a Markdown text, as it is being written, into pieces that can be rendered one by one.
#ifndef CANDOR_CLI_TERMINAL_MARKDOWN_SPLITTER_H_
#define CANDOR_CLI_TERMINAL_MARKDOWN_SPLITTER_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace candor {

struct MarkdownPiece {
  std::string source;
  bool first_code_continues = false;  // as in MarkdownOptions
  bool last_code_open = false;
  bool joins_next = false;  // the next piece goes on without an empty line
};

// Finished are the blocks before a line that begins a new one after an empty line, and a code block with its closing
// fence. A list goes on over empty lines. A piece that grows beyond kLongestPiece is cut at a line end, or at a space,
// and a code block that is cut goes on in the next piece; so rendering the open piece again and again costs a bounded
// time for each character. Link definitions reach to the end of their piece only.
class MarkdownSplitter {
 public:
  static constexpr size_t kLongestPiece = 8192;

  void Append(std::string_view text);
  // Takes the next finished piece off the front; false when there is none.
  bool TakeFinished(MarkdownPiece& piece);
  // What is not finished, once TakeFinished() has returned false. `all` is false while the text is being written: then
  // a last line that would change its meaning with its next characters ("--", "```py") is left out.
  MarkdownPiece Open(bool all) const;

 private:
  struct Fence {
    char mark = 0;  // 0: not within a code block
    size_t length = 0;
    size_t begin = 0;  // of its opening line
  };
  // Looks at the lines from scanned_ on; true when a piece ends at `end`.
  bool Scan(size_t& end);
  bool ScanLine(std::string_view line, size_t& end);
  bool Cut(size_t& end) const;

  std::string text_;  // of the open piece
  bool first_code_continues_ = false;
  size_t scanned_ = 0;  // where the first line begins that Scan has not seen whole
  Fence fence_;
  bool in_list_ = false;
  bool after_blank_ = false;
  bool has_text_ = false;
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_MARKDOWN_SPLITTER_H_
