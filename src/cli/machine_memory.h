// How much memory this process may use, as Linux says it.
#ifndef CANDOR_CLI_MACHINE_MEMORY_H_
#define CANDOR_CLI_MACHINE_MEMORY_H_

#include <cstdint>
#include <filesystem>

namespace candor {

struct MachineMemory {
  uint64_t available = 0;     // bytes; 0 when the system does not tell
  bool by_container = false;  // a control group leaves less than the machine has
};

// The lesser of MemAvailable and what the control groups of this process (version 1 or 2, each with those above it)
// leave: their limit less what they hold, the cache of files that they could drop not counted. Reads below `root`,
// "/proc" and "/sys": before a process is sealed. Never throws for what is not there.
MachineMemory ReadMachineMemory(const std::filesystem::path& root = "/");

}  // namespace candor

#endif  // CANDOR_CLI_MACHINE_MEMORY_H_
