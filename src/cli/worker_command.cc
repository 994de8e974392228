#include "cli/worker_command.h"

#include <cstdlib>
#include <string>

namespace candor {
namespace {

constexpr const char* kKept[] = {"TZ", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"};

}  // namespace

WorkerCommand OwnWorkerCommand() {
  WorkerCommand command;
  for (const char* name : kKept) {
    const char* value = std::getenv(name);
    if (value != nullptr) command.environment.push_back(std::string(name) + "=" + value);
  }
  return command;
}

}  // namespace candor
