#include "cli/pending_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>
#include <span>

#include "base/error.h"
#include "cli/terminal/write_all.h"

namespace candor {
namespace {

constexpr char kCommit = 'y';
constexpr char kRemove = 'n';

[[noreturn]] void Fail(const std::string& name, const char* what, int error) {
  throw IoError(name + ": " + what + ": " + std::strerror(error));
}

void CloseAll(std::initializer_list<int> descriptors) {
  for (const int descriptor : descriptors) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

// What a new file would have.
mode_t DefaultMode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

// The process. Signals are for the other one; this one ends when that one does.
[[noreturn]] void Serve(const char* temporary, const char* target, int from, int to) {
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP, SIGPIPE}) ::signal(signal, SIG_IGN);
  // Nothing else stays open: not the model, not an end of the pipes by which this process would wait for itself.
  from = ::fcntl(from, F_DUPFD, 2);
  to = ::fcntl(to, F_DUPFD, 2);
  if (::dup2(from, 0) != 0 || ::dup2(to, 1) != 1 || ::close_range(2, ~0u, 0) != 0) ::_exit(1);
  char what = kRemove;
  if (!ReadAll(0, {&what, 1})) what = kRemove;
  int error = 0;
  if (what == kCommit && ::rename(temporary, target) != 0) error = errno;
  if (what != kCommit || error != 0) ::unlink(temporary);
  (void)WriteAll(1, {reinterpret_cast<const char*>(&error), sizeof error});
  ::_exit(0);
}

}  // namespace

PendingFile::PendingFile(const std::filesystem::path& path) : name_(path.string()) {
  struct stat status;
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) Fail(name_, "cannot open for writing", errno);
    return;
  }
  if (exists && ::access(path.c_str(), W_OK) != 0) Fail(name_, "cannot open for writing", errno);
  std::error_code error;
  // A link stays one.
  const std::string target = exists ? std::filesystem::canonical(path, error).string() : name_;
  if (error) Fail(name_, "cannot open for writing", error.value());
  std::string temporary = target + ".XXXXXX";
  descriptor_ = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor_ < 0) Fail(name_, "cannot open for writing", errno);
  try {
    if (::fchmod(descriptor_, exists ? status.st_mode & 07777 : DefaultMode()) != 0) {
      Fail(name_, "cannot set the mode of a file", errno);
    }
    StartProcess(temporary, target);
  } catch (...) {
    ::unlink(temporary.c_str());
    ::close(descriptor_);
    throw;
  }
}

void PendingFile::StartProcess(const std::string& temporary, const std::string& target) {
  int request[2] = {-1, -1}, reply[2] = {-1, -1};
  pid_t process = -1;
  if (::pipe2(request, O_CLOEXEC) == 0 && ::pipe2(reply, O_CLOEXEC) == 0) process = ::fork();
  if (process == 0) Serve(temporary.c_str(), target.c_str(), request[0], reply[1]);
  const int error = errno;
  CloseAll({request[0], reply[1]});
  if (process < 0) {
    CloseAll({request[1], reply[0]});
    Fail(name_, "cannot start the process that names files", error);
  }
  to_ = request[1];
  from_ = reply[0];
}

int PendingFile::Tell(char what) {
  int error = EPIPE;
  if (!WriteAll(to_, {&what, 1}) || !ReadAll(from_, {reinterpret_cast<char*>(&error), sizeof error})) error = EPIPE;
  CloseAll({to_, from_});
  to_ = -1;
  return error;
}

PendingFile::~PendingFile() {
  if (to_ >= 0) Tell(kRemove);
  ::close(descriptor_);
}

void PendingFile::Commit() {
  if (to_ < 0) return;
  if (const int error = Tell(kCommit); error != 0) Fail(name_, "cannot give the file its name", error);
}

}  // namespace candor
