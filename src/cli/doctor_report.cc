#include "cli/doctor_report.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <string_view>

#include "cli/grouped.h"
#include "cli/progress.h"
#include "ipc/probe.h"

namespace candor {
namespace {

namespace json = boost::json;

// Of ProbeResult::kActions what the front gives up: sockets, connections, other processes. It opens files and starts
// its worker.
constexpr std::array<bool, 5> kFrontGivesUp = {false, true, true, false, true};
constexpr std::array<bool, 5> kWorkerGivesUp = {true, true, true, true, true};

std::string Answer(int32_t error) {
  if (IsRefusal(error)) return std::string("refused: ") + std::strerror(error);
  return error == 0 ? "possible" : std::string("failed: ") + std::strerror(error);
}

const InstructionSet* Taken(const DoctorReport& report) {
  const auto& sets = report.instruction_sets;
  const auto found =
      std::find_if(sets.begin(), sets.end(), [](const InstructionSet& set) { return set.known_answers; });
  return found == sets.end() ? nullptr : &*found;
}

void AddPossible(const char* who, const ProbeResult& probe, const std::array<bool, 5>& given_up,
                 std::vector<std::string>& problems) {
  for (size_t i = 0; i < given_up.size(); ++i) {
    if (given_up[i] && !IsRefusal(probe.errors[i])) {
      problems.push_back(std::string(who) + " is not kept from this: " + ProbeResult::kActions[i]);
    }
  }
}

void AddLine(std::string& text, const char* title, const std::string& what) {
  constexpr size_t kTitleColumns = 20;
  text += title;
  text.append(kTitleColumns - std::min(kTitleColumns, std::strlen(title)), ' ');
  text += what + "\n";
}

void AddActions(std::string& text, const ProbeResult& probe, const std::array<bool, 5>& given_up) {
  for (size_t i = 0; i < given_up.size(); ++i) {
    if (given_up[i]) AddLine(text, (std::string("  ") + ProbeResult::kActions[i]).c_str(), Answer(probe.errors[i]));
  }
}

std::string SetsText(const DoctorReport& report) {
  const InstructionSet* taken = Taken(report);
  std::string text;
  for (const InstructionSet& set : report.instruction_sets) {
    text += (text.empty() ? "" : ", ") + set.name;
    if (&set == taken) text += " (taken)";
    if (!set.known_answers) text += " (gives other answers)";
  }
  return text;
}

std::string StoreText(const StoreFacts& store) {
  if (!store.problem.empty()) return store.problem;
  std::string text = store.folder + ": " + Grouped(store.models) + (store.models == 1 ? " model, " : " models, ") +
                     FormatBytes(store.bytes);
  if (store.free_bytes) text += "; " + FormatBytes(*store.free_bytes) + " free";
  return text;
}

std::string KeysText(const KeyFacts& keys) {
  if (!keys.problem.empty()) return keys.problem;
  if (keys.keys == 0) return "none: a server answers this machine alone";
  return keys.file + ": " + Grouped(keys.keys) + (keys.keys == 1 ? " key" : " keys");
}

json::object Actions(const ProbeResult& probe, const std::array<bool, 5>& given_up) {
  json::object actions;
  for (size_t i = 0; i < given_up.size(); ++i) {
    if (!given_up[i]) continue;
    const int32_t error = probe.errors[i];
    actions[ProbeResult::kActions[i]] = json::object{
        {"refused", IsRefusal(error)}, {"error", error == 0 ? json::value() : json::value(std::strerror(error))}};
  }
  return actions;
}

json::value TextOrNull(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

json::object WorkerJson(const WorkerFacts& worker) {
  if (!worker.problem.empty()) return {{"problem", worker.problem}};
  return {{"seal", worker.ready.seal},
          {"seccomp", worker.ready.system_call_filter},
          {"landlock", worker.ready.landlock_abi},
          {"actions", Actions(worker.probe, kWorkerGivesUp)}};
}

json::object StoreJson(const StoreFacts& store) {
  if (!store.problem.empty()) return {{"problem", store.problem}};
  return {{"folder", store.folder},
          {"models", store.models},
          {"bytes", store.bytes},
          {"free_bytes", store.free_bytes ? json::value(*store.free_bytes) : json::value()}};
}

}  // namespace

std::vector<std::string> ProblemsOf(const DoctorReport& report) {
  std::vector<std::string> problems;
  for (const InstructionSet& set : report.instruction_sets) {
    if (!set.known_answers) problems.push_back("the instruction set " + set.name + " does not give the known answers");
  }
  if (!report.keys.problem.empty()) problems.push_back(report.keys.problem);
  if (!report.front.sealed()) problems.push_back("the front: " + report.front.Describe());
  AddPossible("the front", report.front_probe, kFrontGivesUp, problems);
  if (!report.worker.problem.empty()) {
    problems.push_back("the worker " + report.worker.problem);
  } else {
    if (!report.worker.ready.system_call_filter) problems.push_back("the worker: " + report.worker.ready.seal);
    AddPossible("the worker", report.worker.probe, kWorkerGivesUp, problems);
  }
  return problems;
}

std::string DoctorText(const DoctorReport& report) {
  const MachineFacts& machine = report.machine;
  std::string text;
  AddLine(text, "Processor",
          (machine.processor.empty() ? "unknown" : machine.processor) + ", " + std::to_string(machine.usable) + " of " +
              std::to_string(machine.processors) + " processors usable");
  AddLine(text, "Instruction sets", SetsText(report));
  AddLine(text, "Memory",
          (machine.memory == 0 ? "unknown" : FormatBytes(machine.memory)) + ", " +
              (report.memory.available == 0 ? "an unknown part" : FormatBytes(report.memory.available)) + " free" +
              (report.memory.by_container ? " (a container's limit)" : ""));
  AddLine(text, "Huge pages", machine.huge_pages.empty() ? "none" : machine.huge_pages);
  AddLine(text, "Kernel", machine.kernel);
  AddLine(text, "Descriptors", Grouped(machine.descriptors) + ", up to " + Grouped(machine.descriptors_at_most));
  AddLine(text, "Models", StoreText(report.store));
  AddLine(text, "API keys", KeysText(report.keys));
  AddLine(text, "Front", report.front.Describe());
  AddActions(text, report.front_probe, kFrontGivesUp);
  if (report.worker.problem.empty()) {
    AddLine(text, "Worker", report.worker.ready.seal);
    AddActions(text, report.worker.probe, kWorkerGivesUp);
  } else {
    AddLine(text, "Worker", report.worker.problem);
  }
  const std::vector<std::string> problems = ProblemsOf(report);
  if (problems.empty()) return text + "\nEvery promised protection is in force.\n";
  text += "\nNot as promised:\n";
  for (const std::string& problem : problems) text += "  " + problem + "\n";
  return text;
}

std::string DoctorJson(const DoctorReport& report) {
  const MachineFacts& machine = report.machine;
  json::array sets;
  for (const InstructionSet& set : report.instruction_sets) {
    sets.push_back(json::object{{"name", set.name}, {"known_answers", set.known_answers}});
  }
  const InstructionSet* taken = Taken(report);
  const std::vector<std::string> problems = ProblemsOf(report);
  const json::object all{{"processor", TextOrNull(machine.processor)},
                         {"processors", machine.processors},
                         {"usable_processors", machine.usable},
                         {"instruction_sets", sets},
                         {"isa", taken == nullptr ? json::value() : json::value(taken->name)},
                         {"memory_bytes", machine.memory},
                         {"free_memory_bytes", report.memory.available},
                         {"memory_by_container", report.memory.by_container},
                         {"huge_pages", TextOrNull(machine.huge_pages)},
                         {"kernel", machine.kernel},
                         {"descriptors", machine.descriptors},
                         {"descriptors_at_most", machine.descriptors_at_most},
                         {"store", StoreJson(report.store)},
                         {"keys", json::object{{"file", TextOrNull(report.keys.file)},
                                               {"keys", report.keys.keys},
                                               {"problem", TextOrNull(report.keys.problem)}}},
                         {"front", json::object{{"seal", report.front.Describe()},
                                                {"seccomp", report.front.system_call_filter},
                                                {"actions", Actions(report.front_probe, kFrontGivesUp)}}},
                         {"worker", WorkerJson(report.worker)},
                         {"problems", json::array(problems.begin(), problems.end())}};
  return json::serialize(all) + "\n";
}

}  // namespace candor
