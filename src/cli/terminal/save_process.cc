#include "cli/terminal/save_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "base/error.h"
#include "cli/terminal/write_all.h"

namespace candor {
namespace {

constexpr size_t kMaxName = 128;

// A request: this, the name, the content. A reply: uint32_t errno, 0 when the file is there.
struct RequestHeader {
  uint32_t name_bytes = 0;
  uint32_t reserved = 0;
  uint64_t content_bytes = 0;
};

// Makes the file from the content that follows in `from`, which is read to its end whatever happens.
uint32_t MakeFile(int folder, const std::string& name, uint64_t bytes, int from) {
  uint32_t error = 0;
  const int file = ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) error = static_cast<uint32_t>(errno);
  char block[16384];
  while (bytes > 0) {
    const size_t part = static_cast<size_t>(std::min<uint64_t>(bytes, sizeof block));
    if (!ReadAll(from, {block, part})) {
      error = EPIPE;
      break;
    }
    if (error == 0 && !WriteAll(file, {block, part})) error = static_cast<uint32_t>(errno);
    bytes -= part;
  }
  if (file >= 0) {
    ::close(file);
    if (error != 0) ::unlinkat(folder, name.c_str(), 0);
  }
  return error;
}

// The process: serves until the other end is closed.
[[noreturn]] void Serve(int folder, int from, int to) {
  for (;;) {
    RequestHeader header;
    char name[kMaxName];
    if (!ReadAll(from, {reinterpret_cast<char*>(&header), sizeof header}) || header.name_bytes > kMaxName ||
        header.content_bytes > SaveProcess::kMaxBytes || !ReadAll(from, {name, header.name_bytes})) {
      ::_exit(0);
    }
    // Checked here too: the other side is the one that is not trusted.
    const SaveName checked = CheckSaveName({name, header.name_bytes});
    if (!checked.error.empty()) ::_exit(1);
    const uint32_t error = MakeFile(folder, checked.name, header.content_bytes, from);
    if (!WriteAll(to, {reinterpret_cast<const char*>(&error), sizeof error})) ::_exit(0);
  }
}

}  // namespace

SaveName CheckSaveName(std::string_view name) {
  std::string result(name);
  const size_t dot = result.rfind('.');
  if (dot == std::string::npos) result += ".md";
  if (name.empty()) return {"", "a file name is missing"};
  if (result.size() > kMaxName) return {"", "the file name is longer than " + std::to_string(kMaxName) + " bytes"};
  for (const char c : name) {
    if (c == '/') return {"", "the file name has a '/': files are saved in the folder that --save-dir names"};
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return {"", "the file name has a control character"};
  }
  if (name[0] == '.') return {"", "the file name begins with a dot"};
  if (!result.ends_with(".md") && !result.ends_with(".json")) return {"", "the file name must end in .md or .json"};
  return {result, ""};
}

SaveProcess::SaveProcess(const std::filesystem::path& folder) {
  const int directory = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) throw IoError(folder.string() + ": cannot save here: " + std::strerror(errno));
  int request[2] = {-1, -1}, reply[2] = {-1, -1};
  if (::pipe2(request, O_CLOEXEC) == 0 && ::pipe2(reply, O_CLOEXEC) == 0) process_ = ::fork();
  if (process_ == 0) {
    // Ctrl-C is for the conversation; this process ends when the other one does.
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP, SIGPIPE}) ::signal(signal, SIG_IGN);
    const int keep[3] = {::fcntl(directory, F_DUPFD, 64), ::fcntl(request[0], F_DUPFD, 64),
                         ::fcntl(reply[1], F_DUPFD, 64)};
    if (keep[0] != 64 || keep[1] != 65 || keep[2] != 66) ::_exit(1);
    (void)::close_range(0, 63, 0);
    (void)::close_range(67, ~0u, 0);
    Serve(keep[0], keep[1], keep[2]);
  }
  const int error = errno;
  for (const int descriptor : {directory, request[0], reply[1]}) {
    if (descriptor >= 0) ::close(descriptor);
  }
  to_ = request[1];
  from_ = reply[0];
  if (process_ < 0) {
    for (const int descriptor : {to_, from_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
    throw IoError(std::string("cannot start the process that saves: ") + std::strerror(error));
  }
}

SaveProcess::~SaveProcess() {
  ::close(to_);
  ::close(from_);
}

std::string SaveProcess::Save(std::string_view name, std::string_view content) {
  const SaveName checked = CheckSaveName(name);
  if (!checked.error.empty()) throw UsageError(checked.error);
  if (content.size() > kMaxBytes) throw LimitError(checked.name + ": longer than 64 MiB");
  const RequestHeader header{static_cast<uint32_t>(checked.name.size()), 0, content.size()};
  uint32_t error = EPIPE;
  if (!WriteAll(to_, {reinterpret_cast<const char*>(&header), sizeof header}) || !WriteAll(to_, checked.name) ||
      !WriteAll(to_, content) || !ReadAll(from_, {reinterpret_cast<char*>(&error), sizeof error})) {
    throw IoError(checked.name + ": not saved: the process that saves has ended");
  }
  if (error != 0) throw IoError(checked.name + ": not saved: " + std::strerror(static_cast<int>(error)));
  return checked.name;
}

}  // namespace candor
