// Markdown (CommonMark with tables, strike-through and task lists, as md4c parses it) as lines for a terminal.
//
// Single newlines of the source stay line ends: a model writes verses and steps that way. HTML is shown as text. Links
// show where they lead, as text. LaTeX is shown as it was written. Code lines are never broken, so that they can be
// copied; they may be wider than the terminal.
#ifndef CANDOR_CLI_TERMINAL_MARKDOWN_H_
#define CANDOR_CLI_TERMINAL_MARKDOWN_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "cli/terminal/styled_text.h"

namespace candor {

struct MarkdownOptions {
  uint32_t columns = 80;              // at least 8
  bool first_code_continues = false;  // the document begins within a code block: its upper rule is left out
  bool last_code_open = false;        // it ends within one: the lower rule is left out
};

// All of `source` as lines, without an empty line at either end. Any bytes are accepted; the result is printable.
std::vector<Line> RenderMarkdown(std::string_view source, const MarkdownOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_MARKDOWN_H_
