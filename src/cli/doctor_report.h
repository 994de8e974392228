// What `candor doctor` has found, as people and programs read it.
#ifndef CANDOR_CLI_DOCTOR_REPORT_H_
#define CANDOR_CLI_DOCTOR_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_facts.h"
#include "cli/machine_memory.h"
#include "ipc/front_seal.h"
#include "ipc/messages.h"

namespace candor {

struct InstructionSet {
  std::string name;
  bool known_answers = false;  // it gives them
};

struct StoreFacts {
  std::string folder;
  std::string problem;  // why nothing is known of it; empty when something is
  uint64_t models = 0;
  uint64_t bytes = 0;
  std::optional<uint64_t> free_bytes;  // of the disk
};

struct KeyFacts {
  std::string file;
  std::string problem;  // why a server would not start with it
  uint64_t keys = 0;
};

// A worker that was started for this, as the kernel dealt with it.
struct WorkerFacts {
  std::string problem;  // why it did not say it; empty when it did
  WorkerReady ready;
  ProbeResult probe;
};

struct DoctorReport {
  MachineFacts machine;
  MachineMemory memory;
  std::vector<InstructionSet> instruction_sets;  // those of this machine, best first: the first that knows is taken
  StoreFacts store;
  KeyFacts keys;
  FrontSealReport front;
  ProbeResult front_probe;  // under the front's seal
  WorkerFacts worker;
};

// What was promised and does not hold, a line each: keys that cannot be believed, an instruction set that gives other
// answers, a front that could make or connect a socket or trace a process, a worker that could do any of the five
// actions.
std::vector<std::string> ProblemsOf(const DoctorReport& report);

// Lines for people; the problems at the end.
std::string DoctorText(const DoctorReport& report);
// One JSON object on one line, with everything that the text says.
std::string DoctorJson(const DoctorReport& report);

}  // namespace candor

#endif  // CANDOR_CLI_DOCTOR_REPORT_H_
