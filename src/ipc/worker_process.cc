// Goal: a child that has nothing of the front but what it is given, and that cannot outlive it. Rejected: posix_spawn,
// which can neither ask for a signal at the parent's death nor close all other descriptors.
#include "ipc/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace candor {
namespace {

constexpr int kFirstUnwanted = kWorkerChannelDescriptor + 1;

[[noreturn]] void Fail(const WorkerCommand& command, const char* what, int error) {
  throw IoError("cannot start the worker " + command.program + ": " + what + ": " + ::strerror(error));
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What the child needs; made before fork, because afterwards nothing may be allocated.
struct Child {
  const char* program;
  char* const* arguments;
  char* const* environment;
  pid_t parent;
  int null, channel, failure;  // descriptors above those that the worker gets
};

// Closes all descriptors from `first` on but `kept`, which is above it.
bool CloseAllFrom(unsigned first, unsigned kept) {
  if (::syscall(SYS_close_range, first, kept - 1, 0) == 0) {
    return ::syscall(SYS_close_range, kept + 1, ~0u, 0) == 0;
  }
  rlimit limit{};
  if (errno != ENOSYS || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  for (unsigned number = first; number < limit.rlim_cur; ++number) {
    if (number != kept) ::close(static_cast<int>(number));
  }
  return true;
}

// Runs in the child: async-signal-safe calls only. Returns when something fails, with errno.
void BecomeWorker(const Child& child) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  // The parent may have died before that.
  if (::getppid() != child.parent) ::_exit(1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return;
  if (::dup2(child.null, 0) < 0 || ::dup2(child.null, 1) < 0) return;
  if (::dup2(child.channel, kWorkerChannelDescriptor) < 0) return;
  if (!CloseAllFrom(kFirstUnwanted, static_cast<unsigned>(child.failure))) return;
  ::execve(child.program, child.arguments, child.environment);
}

// A copy above the descriptors that a worker gets, closed on exec.
Descriptor Above(const WorkerCommand& command, int number) {
  Descriptor copy(::fcntl(number, F_DUPFD_CLOEXEC, kFirstUnwanted + 1));
  if (!copy.is_open()) Fail(command, "fcntl", errno);
  return copy;
}

// What the child writes when it could not become a worker: errno; 0 when it could.
int FailureFrom(int descriptor) {
  int error = 0;
  ssize_t count;
  do {
    count = ::read(descriptor, &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof error) ? error : 0;
}

// Waits for `pid`. False when it still runs and `options` is WNOHANG.
bool Reap(pid_t pid, int options, int& status) {
  pid_t result;
  do {
    result = ::waitpid(pid, &status, options);
  } while (result < 0 && errno == EINTR);
  return result != 0;
}

std::string EndInWords(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "was killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  }
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

WorkerProcess::WorkerProcess(const WorkerCommand& command) : WorkerProcess(command, MakeChannel()) {}

WorkerProcess::WorkerProcess(const WorkerCommand& command, std::pair<Descriptor, Descriptor> ends)
    : channel_(std::move(ends.first)) {
  Start(command, std::move(ends.second));
}

void WorkerProcess::Start(const WorkerCommand& command, Descriptor theirs) {
  const Descriptor opened(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!opened.is_open()) Fail(command, "/dev/null", errno);
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) Fail(command, "pipe", errno);
  const Descriptor failure_from(pipe_ends[0]);
  Descriptor failure_to(pipe_ends[1]);
  const Descriptor null = Above(command, opened.number());
  const Descriptor channel = Above(command, theirs.number());
  Descriptor failure = Above(command, failure_to.number());
  const std::vector<char*> arguments = Pointers(command.arguments), environment = Pointers(command.environment);
  const Child child = {command.program.c_str(), arguments.data(), environment.data(), ::getpid(),
                       null.number(),           channel.number(), failure.number()};
  pid_ = ::fork();
  if (pid_ == 0) {
    BecomeWorker(child);
    const int error = errno;
    (void)!::write(child.failure, &error, sizeof error);
    ::_exit(127);
  }
  if (pid_ < 0) Fail(command, "fork", errno);
  failure_to.Reset(-1);
  failure.Reset(-1);
  int status = 0;
  if (const int error = FailureFrom(failure_from.number()); error != 0) {
    Reap(pid_, 0, status);
    Fail(command, "exec", error);
  }
  end_.Reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!end_.is_open()) {
    const int error = errno;
    ::kill(pid_, SIGKILL);
    Reap(pid_, 0, status);
    Fail(command, "pidfd_open", error);
  }
}

WorkerProcess::~WorkerProcess() {
  if (ended_) return;
  Kill();
  int status = 0;
  Reap(pid_, 0, status);
}

std::optional<std::string> WorkerProcess::Ended() {
  int status = 0;
  if (!ended_ && Reap(pid_, WNOHANG, status)) ended_ = EndInWords(status);
  return ended_;
}

void WorkerProcess::Kill() {
  if (!ended_) (void)::syscall(SYS_pidfd_send_signal, end_.number(), SIGKILL, nullptr, 0);
}

std::chrono::milliseconds RestartDelay::After(std::chrono::steady_clock::duration lived) {
  constexpr std::chrono::seconds kLivedLongEnough(10);
  constexpr std::chrono::milliseconds kFirstDelay(250), kLongestDelay(30'000);
  if (lived >= kLivedLongEnough) in_a_row_ = 0;
  const int soon = in_a_row_;
  in_a_row_ = std::min(in_a_row_ + 1, 16);
  return soon == 0 ? std::chrono::milliseconds(0) : std::min(kFirstDelay * (1 << (soon - 1)), kLongestDelay);
}

}  // namespace candor
