// From an exception to the reason that the front is told.
#ifndef CANDOR_IPC_REFUSAL_H_
#define CANDOR_IPC_REFUSAL_H_

#include <exception>

#include "ipc/messages.h"

namespace candor {

// What an exception that a job or a load has thrown stands for.
Refusal RefusalOf(const std::exception& error);

}  // namespace candor

#endif  // CANDOR_IPC_REFUSAL_H_
