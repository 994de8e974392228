// API keys of the server: made, shown and revoked.
#include <algorithm>
#include <boost/json.hpp>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/key_file_option.h"
#include "cli/standard_output.h"
#include "cli/table.h"
#include "server/key_file.h"

namespace candor {
namespace {

namespace json = boost::json;

struct KeysFlags {
  std::string file;
  std::string name;
  std::vector<std::string> models;
  std::vector<std::string> ids;
  bool json = false;
};

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc));
}

json::object Described(const ApiKey& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"created", key.created},
          {"models", json::array(key.models.begin(), key.models.end())}};
}

std::string ModelList(const ApiKey& key) {
  std::string list;
  for (const std::string& model : key.models) list += (list.empty() ? "" : ",") + model;
  return list.empty() ? "all" : list;
}

void Create(const KeysFlags& flags) {
  const MadeApiKey made = MakeApiKey(flags.name, flags.models, UtcNow());
  const std::filesystem::path path = KeyFilePath(flags.file);
  ChangeKeyFile(path, [&](std::vector<ApiKey>& keys) { keys.push_back(made.key); });
  if (flags.json) {
    json::object object = Described(made.key);
    object["key"] = made.secret;
    PrintResult(json::serialize(object) + "\n");
  } else {
    PrintResult(made.secret + "\n");
  }
  Note("key " + made.key.id + " for " + Quoted(made.key.name) + ", models: " + ModelList(made.key) +
       "; keep it now: it is shown this once, and " + path.string() + " has its SHA-256 alone");
}

void List(const KeysFlags& flags) {
  const std::filesystem::path path = KeyFilePath(flags.file);
  const std::vector<ApiKey> keys = ReadKeyFile(path);
  if (flags.json) {
    json::array list;
    for (const ApiKey& key : keys) list.push_back(Described(key));
    PrintResult(json::serialize(json::object{{"file", path.string()}, {"keys", list}}) + "\n");
    return;
  }
  if (keys.empty()) {
    Note("no keys in " + path.string() + " yet; make one with: candor keys create NAME");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "CREATED", "MODELS", "NAME"}};
  for (const ApiKey& key : keys) rows.push_back({key.id, key.created.substr(0, 10), ModelList(key), key.name});
  PrintTable(rows);
}

void Revoke(const KeysFlags& flags) {
  std::vector<ApiKey> revoked;
  const std::filesystem::path path = KeyFilePath(flags.file);
  ChangeKeyFile(path, [&](std::vector<ApiKey>& keys) {
    for (const std::string& id : flags.ids) {
      const auto found = std::find_if(keys.begin(), keys.end(), [&](const ApiKey& key) { return key.id == id; });
      if (found == keys.end()) {
        throw IoError("no key " + Quoted(id) + " in " + path.string() +
                      ", nothing was revoked; \"candor keys list\" shows "
                      "what is there");
      }
      revoked.push_back(*found);
      keys.erase(found);
    }
  });
  for (const ApiKey& key : revoked) Note("revoked " + key.id + " (" + key.name + ")");
}

CLI::App* AddBelow(CLI::App& keys, const char* name, const char* description, const std::shared_ptr<KeysFlags>& flags,
                   void (*what)(const KeysFlags&)) {
  CLI::App* command = keys.add_subcommand(name, description);
  AddKeyFileOption(*command, flags->file);
  command->callback([flags, what] { what(*flags); });
  return command;
}

}  // namespace

void AddKeysCommand(CLI::App& app) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* keys = app.add_subcommand("keys", "Make, list and revoke the server's API keys");
  keys->require_subcommand(1);
  keys->footer(
      "Examples:\n"
      "  candor keys create alice                       prints the key, this once\n"
      "  candor keys create ci --models 'qwen*,phi-4'   a key for some models alone\n"
      "  candor keys list\n"
      "  candor keys revoke k_0123456789ab\n"
      "\n"
      "As soon as there is a key, the server wants one of every client, as \"Authorization: Bearer KEY\" or\n"
      "\"x-api-key: KEY\", and goes on wanting one when the last is revoked, until it is started anew.\n"
      "Running servers notice changes within a second.");

  CLI::App* create = AddBelow(*keys, "create", "Make a key and print it: the only time it can be read", flags, Create);
  create->add_option("NAME", flags->name, "Whose it is, or what for")->required()->type_name("");
  create
      ->add_option("--models", flags->models,
                   "Models that it may be used for, with commas between; '*' stands for any text; default: all")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  create->add_flag("--json", flags->json, "As JSON, with the key's id");
  create->footer(
      "Examples:\n"
      "  candor keys create alice\n"
      "  OPENAI_API_KEY=$(candor keys create \"my editor\" --models 'qwen*')");

  CLI::App* list = AddBelow(*keys, "list", "Show the keys' ids, names and models", flags, List);
  list->add_flag("--json", flags->json, "As JSON");
  list->footer(
      "Examples:\n"
      "  candor keys list\n"
      "  candor keys list --json | jq -r '.keys[].id'");

  CLI::App* revoke = AddBelow(
      *keys, "revoke", "Make keys worthless: for every request from now on; those under way go on", flags, Revoke);
  revoke->add_option("ID", flags->ids, "Ids, as candor keys list shows them")->required()->type_name("");
  revoke->footer(
      "Examples:\n"
      "  candor keys revoke k_0123456789ab");
}

}  // namespace candor
