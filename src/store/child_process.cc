#include "store/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "base/error.h"

namespace candor {
namespace {

constexpr int kPollMilliseconds = 200;
constexpr size_t kLastWords = 4096;
constexpr std::chrono::seconds kGrace{2};

// Both ends of a pipe, closed at the end of the scope.
struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw IoError(std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void CloseRead() { Close(ends[0]); }
  void CloseWrite() { Close(ends[1]); }
  static void Close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  int ends[2];
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void BecomeChild(char* const* command, char* const* environment, pid_t parent, int output, int failure) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvpe(command[0], command, environment);
  const int reason = errno;
  if (::write(failure, &reason, sizeof reason) < 0) ::_exit(126);
  ::_exit(127);
}

// Reads what is there; false at the end.
bool ReadSome(int descriptor, std::string& last_words) {
  char buffer[4096];
  const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  last_words.append(buffer, static_cast<size_t>(got));
  if (last_words.size() > kLastWords) last_words.erase(0, last_words.size() - kLastWords);
  return got > 0;
}

void End(pid_t child, int& status) {
  ::kill(-child, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(-child, SIGKILL);
    ::poll(nullptr, 0, kPollMilliseconds / 4);
  }
  ::kill(-child, SIGKILL);  // whatever the child had started
}

}  // namespace

ChildResult RunChild(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                     const std::function<bool()>& go_on) {
  const std::vector<char*> command_pointers = Pointers(command);
  const std::vector<char*> environment_pointers = Pointers(environment);
  Pipe output;
  Pipe failure;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw IoError(std::string("cannot start a process: ") + std::strerror(errno));
  if (child == 0) {
    BecomeChild(command_pointers.data(), environment_pointers.data(), parent, output.ends[1], failure.ends[1]);
  }
  output.CloseWrite();
  failure.CloseWrite();

  ChildResult result;
  result.started = ::read(failure.ends[0], &result.start_error, sizeof result.start_error) <= 0;
  bool open = true;
  int status = 0;
  pid_t ended = 0;
  while (ended == 0) {
    if (!go_on()) {
      result.stopped = true;
      End(child, status);
      return result;
    }
    pollfd readable{output.ends[0], POLLIN, 0};
    if (::poll(&readable, open ? 1 : 0, kPollMilliseconds) > 0) open = ReadSome(output.ends[0], result.last_words);
    ended = ::waitpid(child, &status, WNOHANG);
  }
  // What it said last; a grandchild may hold the other end open, so this does not wait for the end.
  ::fcntl(output.ends[0], F_SETFL, O_NONBLOCK);
  for (pollfd readable{output.ends[0], POLLIN, 0}; open && ::poll(&readable, 1, 0) > 0;) {
    open = ReadSome(output.ends[0], result.last_words);
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace candor
