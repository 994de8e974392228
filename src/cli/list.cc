#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/model_facts.h"
#include "cli/progress.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"
#include "cli/store_folder.h"
#include "cli/table.h"
#include "format/gguf.h"
#include "store/known_models.h"
#include "store/model_store.h"

namespace candor {
namespace {

namespace json = boost::json;

struct ListFlags {
  std::string store;
  bool json = false;
};

struct Listed {
  StoredModel model;
  std::vector<File> files;  // empty when one of them cannot be opened
};

std::vector<Listed> OpenAll(const ModelStore& store) {
  std::vector<Listed> all;
  for (StoredModel& model : store.List()) {
    Listed listed{std::move(model), {}};
    try {
      for (const std::filesystem::path& path : listed.model.files) listed.files.push_back(File::Open(path));
    } catch (const IoError&) {
      listed.files.clear();
    }
    all.push_back(std::move(listed));
  }
  return all;
}

// What a model says it is quantised to, as `inspect` shows it, or else the type that most of its bytes are in; empty
// when the files cannot be read as GGUF.
std::string TypeOf(std::vector<File> files) {
  if (files.empty()) return "";
  try {
    const Checkpoint checkpoint = OpenGguf(std::move(files));
    if (const std::string_view name = FileTypeName(checkpoint.metadata); !name.empty()) return std::string(name);
    const std::vector<TypeShare> mix = QuantisationMix(checkpoint);
    return mix.empty() ? "" : std::string(InfoOf(mix.front().type).name);
  } catch (const Error&) {
    return "";
  }
}

void PrintJson(const ModelStore& store, std::vector<Listed> listed, const std::vector<PartialModel>& partials) {
  json::array models;
  for (Listed& entry : listed) {
    const StoredModel& model = entry.model;
    json::object object{{"name", model.name}, {"bytes", model.bytes}};
    const std::string type = TypeOf(std::move(entry.files));
    object["type"] = type.empty() ? json::value() : json::value(type);
    json::array files;
    for (const std::filesystem::path& file : model.files) files.emplace_back(file.string());
    object["files"] = files;
    json::array digests;
    if (model.record) {
      for (const auto& file : model.record->files) digests.emplace_back(file.sha256);
    }
    object["sha256"] = digests;
    object["verified"] = model.record && model.record->verified;
    object["source"] = model.record ? json::value(model.record->source) : json::value();
    object["installed"] = model.record ? json::value(model.record->installed) : json::value();
    models.push_back(std::move(object));
  }
  json::array interrupted;
  for (const PartialModel& partial : partials) {
    interrupted.push_back(json::object{{"name", partial.name}, {"bytes", partial.bytes}});
  }
  const json::object all{{"store", store.folder().string()}, {"models", models}, {"interrupted", interrupted}};
  PrintResult(json::serialize(all) + "\n");
}

// A source that fits a line: packages are counted, a long address has its middle left out.
std::string ShortSource(const std::string& source) {
  constexpr std::string_view kPackages = "packages ";
  constexpr size_t kWidth = 60;
  if (source.starts_with(kPackages)) {
    const auto count = std::count(source.begin(), source.end(), ' ');
    return count == 1 ? "package " + source.substr(kPackages.size()) : std::to_string(count) + " packages";
  }
  if (source.size() <= kWidth) return source;
  const auto continues = [&](size_t i) { return (static_cast<unsigned char>(source[i]) & 0xC0) == 0x80; };
  size_t head = kWidth / 2 - 3;
  size_t tail = source.size() - kWidth / 2;
  while (continues(head)) --head;
  while (continues(tail)) ++tail;
  return source.substr(0, head) + "..." + source.substr(tail);
}

void List(const ListFlags& flags) {
  const ModelStore store(StoreFolder(flags.store));
  std::vector<Listed> listed = OpenAll(store);
  const std::vector<PartialModel> partials = store.Partials();
  SealForModel();
  if (flags.json) {
    PrintJson(store, std::move(listed), partials);
    return;
  }
  std::vector<std::string> problems;
  std::vector<std::vector<std::string>> rows = {{"NAME", "SIZE", "TYPE", "SHA-256", "PULLED", "SOURCE"}};
  for (Listed& entry : listed) {
    const StoredModel& model = entry.model;
    const std::string type = TypeOf(std::move(entry.files));
    std::vector<std::string> row = {model.name, FormatBytes(model.bytes), type.empty() ? "?" : type};
    if (model.record) {
      const std::string digest = model.record->files.front().sha256.substr(0, 12);
      row.insert(row.end(), {model.record->verified ? digest : digest + "?", model.record->installed.substr(0, 10),
                             ShortSource(model.record->source)});
    } else if (!model.record_problem.empty()) {
      row.insert(row.end(), {"-", "-", "its record cannot be believed"});
      problems.push_back(model.record_problem + "; pull it again to have it checked, or: candor remove " + model.name);
    } else {
      row.insert(row.end(), {"-", "-", "put there by hand"});
    }
    rows.push_back(std::move(row));
  }
  if (rows.size() > 1) {
    PrintTable(rows);
  } else {
    Note("no models in " + store.folder().string() + " yet; fetch one with: candor pull " + KnownModels().front().name);
  }
  for (const std::string& problem : problems) Note(problem);
  for (const PartialModel& partial : partials) {
    Note(partial.name + ": " + FormatBytes(partial.bytes) +
         " of an unfinished pull; repeat it to go on, or: candor remove " + partial.name);
  }
}

}  // namespace

void AddListCommand(CLI::App& app) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = app.add_subcommand("list", "Show the models in the store");
  command->add_flag("--json", flags->json, "As JSON, with whole digests and paths");
  AddStoreOption(*command, flags->store);
  command->footer(
      "Examples:\n"
      "  candor list\n"
      "  candor list --json | jq -r '.models[].files[]'     where the files are\n"
      "\n"
      "TYPE is what the model says it is quantised to, or else what most of its bytes are in. A SHA-256 with a\n"
      "question mark was computed, not checked: see candor pull --allow-unverified.");
  command->callback([flags] { List(*flags); });
}

}  // namespace candor
