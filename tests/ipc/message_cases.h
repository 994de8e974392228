// One message of each kind, with every field set to what it is not by default.
#ifndef CANDOR_TESTS_IPC_MESSAGE_CASES_H_
#define CANDOR_TESTS_IPC_MESSAGE_CASES_H_

#include <vector>

#include "ipc/messages.h"

namespace candor {

// Every alternative of the variants inside occurs in one of them.
std::vector<FrontMessage> FrontMessageCases();
std::vector<WorkerMessage> WorkerMessageCases();

}  // namespace candor

#endif  // CANDOR_TESTS_IPC_MESSAGE_CASES_H_
