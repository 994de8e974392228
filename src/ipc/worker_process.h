// The worker as the front sees it: a child process with a channel, which can end at any time.
#ifndef CANDOR_IPC_WORKER_PROCESS_H_
#define CANDOR_IPC_WORKER_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "ipc/channel.h"

namespace candor {

// The descriptor under which a worker finds its end of the channel.
inline constexpr int kWorkerChannelDescriptor = 3;

// What is started, and with what. Nothing of the front's environment reaches a worker but what is named here.
struct WorkerCommand {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments = {"candor", "worker"};  // argv, the program's name included
  std::vector<std::string> environment = {};                  // "NAME=value"
};

// Owns the process: the destructor kills it and waits until it is gone. For one thread, which
// has to live as long as the worker: that dies with it. Between fork and exec the child calls nothing that other
// threads could have left locked.
class WorkerProcess {
 public:
  // Starts it. The child has four descriptors: 0 and 1 are /dev/null, 2 is the front's, 3 the channel. The kernel kills
  // it when the front dies, and it does not hear Ctrl-C, SIGTERM and SIGHUP, which are the front's to deal with. Throws
  // IoError when it cannot be started.
  explicit WorkerProcess(const WorkerCommand& command = {});
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  pid_t pid() const { return pid_; }
  FrontChannel& channel() { return channel_; }
  // Becomes readable when the process has ended.
  int end_descriptor() const { return end_.number(); }

  // How it has ended, as words behind "the worker": "was killed by signal 9 (Killed)", "ended with status 1". nullopt
  // while it runs. Does not wait.
  std::optional<std::string> Ended();
  // Ends it at once, if it has not. Does not wait.
  void Kill();

 private:
  WorkerProcess(const WorkerCommand& command, std::pair<Descriptor, Descriptor> ends);
  void Start(const WorkerCommand& command, Descriptor theirs);

  FrontChannel channel_;
  pid_t pid_ = -1;
  Descriptor end_;
  std::optional<std::string> ended_;
};

// How long to wait before a worker that has ended is started again. The first time, and after one that has worked for
// a while: not at all. When one after the other ends soon after its start: longer each time, up to half a minute.
class RestartDelay {
 public:
  // `lived`: from the start of the worker to its end.
  std::chrono::milliseconds After(std::chrono::steady_clock::duration lived);

 private:
  int in_a_row_ = 0;  // workers that ended soon after their start
};

}  // namespace candor

#endif  // CANDOR_IPC_WORKER_PROCESS_H_
