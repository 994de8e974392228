// A worker for tests: the real one, or one that does what its first argument says.
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/error.h"
#include "ipc/channel.h"
#include "ipc/worker.h"
#include "ipc/worker_process.h"

extern char** environ;

namespace {

using namespace candor;

void Say(const std::string& text) {
  WorkerChannel channel{Descriptor(::dup(kWorkerChannelDescriptor))};
  const auto bytes = std::as_bytes(std::span(text));
  channel.Send({bytes.begin(), bytes.end()});
}

// Its descriptors and environment, and the signals that it ignores.
std::string Surroundings() {
  std::string text;
  std::set<int> numbers;
  DIR* folder = ::opendir("/proc/self/fd");
  const int own = ::dirfd(folder);
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.' && ::atoi(entry->d_name) != own) numbers.insert(::atoi(entry->d_name));
  }
  ::closedir(folder);
  for (const int number : numbers) text += std::to_string(number) + " ";
  for (char** variable = environ; *variable != nullptr; ++variable) text += std::string(*variable) + " ";
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    text += action.sa_handler == SIG_IGN ? "ignored " : "heard ";
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "look") {
    Say(Surroundings());
  } else if (what == "exit") {
    return 7;
  } else if (what == "abort") {
    ::abort();
  } else if (what == "lie" || what == "break the frame") {
    if (what == "lie") {
      Say("no message");
    } else {
      const std::string bytes(64, '\xff');
      if (::write(kWorkerChannelDescriptor, bytes.data(), bytes.size()) < 0) return 1;
    }
    for (;;) ::pause();
  } else if (what == "lie and exit") {
    Say("no message");
  } else if (what == "wait") {
    Say("here");
    for (;;) ::pause();
  } else {
    try {
      RunWorker(kWorkerChannelDescriptor);
    } catch (const Error&) {
      return 1;
    }
  }
  return 0;
}
