// Standard output and standard error. Whatever reaches a terminal through here is printable text: names, messages and
// results come from files, and files from strangers.
#ifndef CANDOR_CLI_STANDARD_OUTPUT_H_
#define CANDOR_CLI_STANDARD_OUTPUT_H_

#include <string_view>

namespace candor {

// Whether a descriptor is a terminal that understands escape sequences (TERM is not "dumb").
bool UnderstandsEscapes(int descriptor);
// Whether it may show styles besides (NO_COLOR is not set).
bool ShowsStyles(int descriptor);

// The result of a command on standard output: byte for byte, but made printable on a terminal (see
// cli/terminal/printable.h). Throws IoError when it cannot be written.
void PrintResult(std::string_view text);

// What is said besides, on standard error: made printable, with a line end after it.
void Note(std::string_view text);
// The same, dimmed where styles are shown.
void DimNote(std::string_view text);

}  // namespace candor

#endif  // CANDOR_CLI_STANDARD_OUTPUT_H_
