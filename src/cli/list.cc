#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "base/error.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"
#include "cli/store_folder.h"
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

// The type that most of a model's bytes are in; empty when the files cannot be read as GGUF.
std::string MainType(std::vector<File> files) {
  if (files.empty()) return "";
  try {
    const Checkpoint checkpoint = OpenGguf(std::move(files));
    std::map<std::string, uint64_t> bytes;
    for (const TensorInfo& tensor : checkpoint.tensors) bytes[std::string(InfoOf(tensor.type).name)] += tensor.bytes;
    const auto most =
        std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == bytes.end() ? "" : most->first;
  } catch (const Error&) {
    return "";
  }
}

void PrintJson(const ModelStore& store, std::vector<Listed> listed, const std::vector<PartialModel>& partials) {
  json::array models;
  for (Listed& entry : listed) {
    const StoredModel& model = entry.model;
    json::object object{{"name", model.name}, {"bytes", model.bytes}};
    const std::string type = MainType(std::move(entry.files));
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

// Rows of cells, left-aligned, two spaces apart; the last cell as it is.
void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += line + "\n";
  }
  PrintResult(text);
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
    const std::string type = MainType(std::move(entry.files));
    std::vector<std::string> row = {model.name, FormatBytes(model.bytes), type.empty() ? "?" : type};
    if (model.record) {
      const std::string digest = model.record->files.front().sha256.substr(0, 12);
      row.insert(row.end(), {model.record->verified ? digest : digest + "?", model.record->installed.substr(0, 10),
                             model.record->source});
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
  for (const std::string& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
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
      "TYPE is what most of a model's bytes are in. A SHA-256 with a question mark was computed, not checked: see\n"
      "candor pull --allow-unverified.");
  command->callback([flags] { List(*flags); });
}

}  // namespace candor
