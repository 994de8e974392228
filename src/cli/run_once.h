// `candor run` with a prompt: one answer.
#ifndef CANDOR_CLI_RUN_ONCE_H_
#define CANDOR_CLI_RUN_ONCE_H_

#include <string>
#include <vector>

#include "cli/run_options.h"

namespace candor {

inline constexpr size_t kMaxPromptBytes = 16u << 20;

// The words joined by blanks, with what `read_input` gives in place of each "-" and a line end on both sides of it
// where there are other words. No words: the input alone. One line end at the end of the input goes unless `raw`.
std::string PromptOf(const std::vector<std::string>& words, bool raw, const std::string& input);

// Throws CLI::RuntimeError(128 + N) when signal N stopped the answer.
void RunOnce(const RunOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_RUN_ONCE_H_
