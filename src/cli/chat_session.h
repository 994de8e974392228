// `candor run` without a prompt on a terminal: a conversation.
#ifndef CANDOR_CLI_CHAT_SESSION_H_
#define CANDOR_CLI_CHAT_SESSION_H_

#include "cli/run_options.h"

namespace candor {

// Returns when the person leaves. Throws CLI::RuntimeError(128 + N) when signal N ended it.
void RunChat(const RunOptions& options);

}  // namespace candor

#endif  // CANDOR_CLI_CHAT_SESSION_H_
