// The worker process: sealed before it reads anything, then at the front's service until the front is gone.
#ifndef CANDOR_IPC_WORKER_H_
#define CANDOR_IPC_WORKER_H_

namespace candor {

// Seals the process, says WorkerReady, and answers what comes on the channel `channel_descriptor` until the front
// closes it. Call it from the only thread. Throws UsageError when the descriptor is no socket, FormatError for a
// message that cannot be, IoError when the channel fails.
void RunWorker(int channel_descriptor);

}  // namespace candor

#endif  // CANDOR_IPC_WORKER_H_
