#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <variant>

#include "base/error.h"
#include "cli/command.h"
#include "cli/doctor_report.h"
#include "cli/key_file_option.h"
#include "cli/standard_output.h"
#include "cli/store_folder.h"
#include "cli/worker_command.h"
#include "ipc/probe.h"
#include "kernels/probe.h"
#include "server/key_file.h"
#include "store/model_store.h"

namespace candor {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct DoctorFlags {
  std::string store;
  std::string keys;
  bool json = false;
};

std::vector<InstructionSet> ProbeInstructionSets() {
  std::vector<InstructionSet> sets;
  for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
    sets.push_back({(*table)->name, GivesKnownAnswers(**table)});
  }
  return sets;
}

StoreFacts LookAtStore(const std::string& flag) {
  StoreFacts facts;
  try {
    const ModelStore store(StoreFolder(flag));
    facts.folder = store.folder().string();
    for (const StoredModel& model : store.List()) {
      ++facts.models;
      facts.bytes += model.bytes;
    }
    // The folder is made by the first pull; the disk is that of what is there.
    fs::path there = fs::absolute(store.folder());
    while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
    std::error_code none;
    const fs::space_info space = fs::space(there, none);
    if (!none) facts.free_bytes = space.available;
  } catch (const Error& error) {
    facts.problem = error.what();
  } catch (const fs::filesystem_error& error) {
    facts.problem = error.what();
  }
  return facts;
}

KeyFacts LookAtKeys(const std::string& flag) {
  KeyFacts facts;
  try {
    const fs::path file = KeyFilePath(flag);
    facts.file = file.string();
    facts.keys = ReadKeyFile(file).size();
  } catch (const Error& error) {
    facts.problem = error.what();
  }
  return facts;
}

// The next message of the worker, which must be a T.
template <class T>
T Next(WorkerProcess& worker) {
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(20);
  while (!worker.channel().closed()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{worker.channel().descriptor(), POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) throw IoError("does not answer");
    for (const std::vector<std::byte>& bytes : worker.channel().OnReadable()) {
      WorkerMessage message = DecodeWorkerMessage(bytes);
      if (!std::holds_alternative<T>(message)) throw IoError("answers something else");
      return std::get<T>(std::move(message));
    }
  }
  pollfd waiting{worker.end_descriptor(), POLLIN, 0};
  ::poll(&waiting, 1, 1000);
  throw IoError(worker.Ended().value_or("has closed its channel"));
}

WorkerFacts TryWorker() {
  WorkerFacts facts;
  try {
    WorkerProcess worker(OwnWorkerCommand());
    facts.ready = Next<WorkerReady>(worker);
    if (!worker.channel().Send(Encode(ProbeMessage{}))) throw IoError("does not listen");
    facts.probe = Next<ProbeResult>(worker);
  } catch (const Error& error) {
    facts.problem = error.what();
  }
  return facts;
}

void Examine(const DoctorFlags& flags) {
  DoctorReport report;
  report.machine = ReadMachineFacts();
  report.memory = ReadMachineMemory();
  report.instruction_sets = ProbeInstructionSets();
  report.store = LookAtStore(flags.store);
  report.keys = LookAtKeys(flags.keys);
  // As a server does it: first its own seal, then a worker below it. From here on this process is a front.
  report.front = SealFront();
  report.front_probe = Probe();
  report.worker = TryWorker();
  PrintResult(flags.json ? DoctorJson(report) : DoctorText(report));
  if (!ProblemsOf(report).empty()) throw CLI::RuntimeError(1);
}

}  // namespace

void AddDoctorCommand(CLI::App& app) {
  auto flags = std::make_shared<DoctorFlags>();
  CLI::App* command = app.add_subcommand(
      "doctor",
      "Say what this machine offers, and whether what protects you is in force. A worker is started and sealed "
      "as a server would, and then tries what it must not be able to do");
  command->add_flag("--json", flags->json, "Print one JSON object");
  AddStoreOption(*command, flags->store);
  AddKeyFileOption(*command, flags->keys);
  command->footer(
      "Examples:\n"
      "  candor doctor\n"
      "  candor doctor --json | jq .worker\n"
      "\n"
      "A server is two processes: the front has the network and the keys, the worker reads models and prompts and can\n"
      "do nothing but compute. Exit status 1 when a promised protection is not in force. A kernel without Landlock is\n"
      "no such case: the filter of system calls (seccomp) refuses the same alone. Instruction sets are those of this\n"
      "processor, best first; each has computed known answers.");
  command->callback([flags] { Examine(*flags); });
}

}  // namespace candor
