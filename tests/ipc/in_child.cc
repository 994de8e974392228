#include "ipc/in_child.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>

namespace candor {

void Findings::Refused(const std::string& what, long result) {
  if (result >= 0) Add(what + " was not refused");
}

void Findings::RefusedWith(int expected, const std::string& what, long result) {
  const int error = errno;
  if (result >= 0) Add(what + " was not refused");
  if (result < 0 && error != expected) Add(what + ": errno " + std::to_string(error));
}

void Findings::Works(const std::string& what, bool worked) {
  if (!worked) Add(what + " failed, errno " + std::to_string(errno));
}

std::string InChild(const std::function<void(Findings&)>& body) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    Findings findings;
    try {
      body(findings);
    } catch (const std::exception& error) {
      findings.Add(error.what());
    }
    const std::string& text = findings.text();
    const bool written = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) text += "ended by signal " + std::to_string(WTERMSIG(status)) + "\n";
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) text += "exit " + std::to_string(WEXITSTATUS(status)) + "\n";
  return text;
}

}  // namespace candor
