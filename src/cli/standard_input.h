// All of standard input.
#ifndef CANDOR_CLI_STANDARD_INPUT_H_
#define CANDOR_CLI_STANDARD_INPUT_H_

#include <cstddef>
#include <string>

namespace candor {

// Reads to the end. LimitError when there is more than `max_bytes`, IoError when it cannot be read.
std::string ReadStandardInput(size_t max_bytes);

}  // namespace candor

#endif  // CANDOR_CLI_STANDARD_INPUT_H_
