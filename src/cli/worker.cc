#include "ipc/worker.h"

#include "cli/command.h"
#include "ipc/worker_process.h"

namespace candor {

void AddWorkerCommand(CLI::App& app) {
  // An empty group: people have no use for it, so that --help does not list it.
  app.add_subcommand("worker", "The computing half of a server, which starts it")->group("")->callback([] {
    RunWorker(kWorkerChannelDescriptor);
  });
}

}  // namespace candor
