// What this machine is, as Linux says it.
#ifndef CANDOR_CLI_MACHINE_FACTS_H_
#define CANDOR_CLI_MACHINE_FACTS_H_

#include <cstdint>
#include <filesystem>
#include <string>

namespace candor {

struct MachineFacts {
  std::string processor;             // "AMD EPYC 9R14"; empty when the system does not tell
  uint32_t processors = 0;           // online
  uint32_t usable = 0;               // of them by this process
  uint64_t memory = 0;               // bytes; 0 when the system does not tell
  std::string huge_pages;            // of transparent huge pages: "always", "madvise" or "never"; empty without them
  std::string kernel;                // "Linux 6.1.0 x86_64"
  uint64_t descriptors = 0;          // that this process may have open
  uint64_t descriptors_at_most = 0;  // to which it may raise that
};

// Reads below `root`, "/proc" and "/sys", and asks the kernel. Never throws for what is not there.
MachineFacts ReadMachineFacts(const std::filesystem::path& root = "/");

}  // namespace candor

#endif  // CANDOR_CLI_MACHINE_FACTS_H_
