#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/standard_output.h"
#include "cli/store_folder.h"
#include "store/model_name.h"
#include "store/model_store.h"

namespace candor {
namespace {

struct RemoveFlags {
  std::vector<std::string> names;
  std::string store;
  bool yes = false;
};

struct Doomed {
  std::string name;
  uint64_t bytes;
};

Doomed Look(const ModelStore& store, const std::string& name) {
  RequireModelName(name);
  if (const auto model = store.Find(name)) return {name, model->bytes};
  for (const PartialModel& partial : store.Partials()) {
    if (partial.name == name) return {name, partial.bytes};
  }
  const std::string nearest = NearestName(name, store.Names());
  throw IoError("no model \"" + name + "\" in " + store.folder().string() +
                (nearest.empty() ? "; \"candor list\" shows what is there" : "; did you mean " + nearest + "?"));
}

bool Agrees(const std::vector<Doomed>& doomed) {
  std::string question = "Remove";
  for (const Doomed& model : doomed) {
    question += (&model == &doomed.front() ? " " : ", ") + model.name + " (" + FormatBytes(model.bytes) + ")";
  }
  std::fprintf(stderr, "%s? [y/N] ", question.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void Remove(const RemoveFlags& flags) {
  ModelStore store(StoreFolder(flags.store));
  std::vector<Doomed> doomed;
  for (const std::string& name : flags.names) doomed.push_back(Look(store, name));
  if (!flags.yes) {
    if (::isatty(STDIN_FILENO) != 1) throw UsageError("remove asks before it deletes; without a terminal, add --yes");
    if (!Agrees(doomed)) throw Error("nothing was removed");
  }
  for (const Doomed& model : doomed) {
    if (!store.Remove(model.name)) throw IoError(model.name + ": in use by a pull; nothing of it was removed");
    Note("removed " + model.name + " (" + FormatBytes(model.bytes) + ")");
  }
}

}  // namespace

void AddRemoveCommand(CLI::App& app) {
  auto flags = std::make_shared<RemoveFlags>();
  CLI::App* command = app.add_subcommand("remove", "Delete models, and unfinished pulls of them, from the store");
  command->add_option("NAME", flags->names, "Names, as candor list shows them")->required()->type_name("");
  command->add_flag("-y,--yes", flags->yes, "Do not ask");
  AddStoreOption(*command, flags->store);
  command->footer(
      "Examples:\n"
      "  candor remove smollm2-135m\n"
      "  candor remove -y smollm2-135m gemma3-270m       without asking, as in a script");
  command->callback([flags] { Remove(*flags); });
}

}  // namespace candor
