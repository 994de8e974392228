// Whole reads and writes on a descriptor.
#ifndef CANDOR_CLI_TERMINAL_WRITE_ALL_H_
#define CANDOR_CLI_TERMINAL_WRITE_ALL_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace candor {

// Writes everything; false, with errno set, when the other end is gone or the system refuses.
bool WriteAll(int descriptor, std::string_view bytes);
// Fills `out`; false at an early end or an error.
bool ReadAll(int descriptor, std::span<char> out);

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_WRITE_ALL_H_
