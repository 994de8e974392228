// How this program starts itself as a worker.
#ifndef CANDOR_CLI_WORKER_COMMAND_H_
#define CANDOR_CLI_WORKER_COMMAND_H_

#include "ipc/worker_process.h"

namespace candor {

// `candor worker` of this very program, even when its file has been replaced since. Of the environment a worker gets
// the time zone, and what loading a program needs where libraries stand in unusual places: no keys, tokens or paths of
// the user.
WorkerCommand OwnWorkerCommand();

}  // namespace candor

#endif  // CANDOR_CLI_WORKER_COMMAND_H_
