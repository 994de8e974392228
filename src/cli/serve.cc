#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "api/json_value.h"
#include "base/error.h"
#include "base/file.h"
#include "base/freed_memory.h"
#include "cli/command.h"
#include "cli/key_file_option.h"
#include "cli/local_time.h"
#include "cli/machine_memory.h"
#include "cli/offered_models.h"
#include "cli/serve_options.h"
#include "cli/standard_output.h"
#include "cli/worker_command.h"
#include "ipc/front_seal.h"
#include "server/access_log.h"
#include "server/gateway.h"
#include "server/host_port.h"
#include "server/http_server.h"
#include "server/key_file.h"
#include "server/metrics.h"
#include "server/routes.h"

namespace candor {
namespace {

constexpr const char* kDescription =
    "Answer clients that speak OpenAI's API, over HTTP on this machine. Two processes: one with the network and no "
    "model, one with the models and no network. The answer to a request does not depend on what else is asked.";

constexpr const char* kFooter = R"(Examples:
  candor serve smollm2-135m                      one model, on http://127.0.0.1:8080
  candor serve                                   all models of the store, loaded when they are asked for
  candor serve qwen2.5-coder-0.5b --alias '*=qwen2.5-coder-0.5b'    whatever name a client insists on
  candor serve smollm2-135m --memory 8GiB --parallel 32
  candor serve smollm2-135m --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem    needs keys: see candor keys

Then, from any client:
  curl http://127.0.0.1:8080/v1/chat/completions -H 'content-type: application/json' \
    -d '{"model": "smollm2-135m", "messages": [{"role": "user", "content": "Name three rivers."}]}'
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none python3 your_program.py

GET /health, /ready, /metrics and /openapi.json tell how the server is and what it takes.
)";

constexpr uint64_t kUsualKvBytes = uint64_t{2} << 30;
// Of a prompt in one step: the answers that are under way wait for it. A larger one reads no faster.
constexpr uint32_t kUsualChunk = 128;
constexpr uint64_t kMaxPemBytes = 1 << 20;
constexpr std::chrono::seconds kLookInterval{1};

uint64_t MemoryOf(const ServeOptions& options) {
  if (options.memory_bytes != 0) return options.memory_bytes;
  const uint64_t free = ReadMachineMemory().available;
  if (free == 0) throw IoError("how much memory is free is not known here: say it with --memory");
  return free / 5 * 4;
}

ModelPoolOptions PoolOptions(const ServeOptions& options) {
  LoadModelMessage load;
  load.threads = options.compute.threads;
  load.isa = options.compute.isa;
  load.context = options.compute.context;
  load.chunk = options.compute.chunk != 0 ? options.compute.chunk : kUsualChunk;
  load.max_sequences = options.parallel;
  load.kv = options.compute.kv;
  load.exact = options.compute.exact;
  load.quantize = options.compute.quantize;
  // What was not said is not all taken, and others find room beside it.
  if (options.memory_bytes == 0 || options.models.size() != 1) load.kv_bytes = kUsualKvBytes;
  return {.load = std::move(load),
          .memory_bytes = MemoryOf(options),
          .unload_after = std::chrono::seconds(options.unload_after)};
}

ServerOptions Listening(const ServeOptions& options) {
  ServerOptions server;
  server.hosts = options.hosts;
  server.port = options.port;
  server.allowed_hosts = options.allowed_hosts;
  server.allowed_origins = options.allowed_origins;
  server.limits.body_bytes = kMaxJsonBytes;  // what the API reads
  if (options.certificate.empty() != options.private_key.empty()) {
    throw UsageError("--tls-cert and --tls-key: one is of no use without the other");
  }
  if (!options.certificate.empty()) {
    server.tls_certificates = ReadWholeFile(options.certificate, kMaxPemBytes);
    server.tls_private_key = ReadWholeFile(options.private_key, kMaxPemBytes);
  }
  return server;
}

void RequireKeysBeyondLoopback(const ServeOptions& options, bool has_keys) {
  for (const std::string& text : options.hosts) {
    const std::optional<HostPort> host = ParseHost(text);
    if (!host) throw UsageError("--host: \"" + text + "\" is no address");
    if (has_keys || IsLoopback(*host)) continue;
    throw UsageError("--host " + text +
                     ": whoever reaches this address could use the server, for there are no keys. "
                     "Create one with: candor keys create NAME");
  }
}

// A file that was named and is not there would leave the server open.
void RequireNamedKeys(const ServeOptions& options) {
  std::error_code unknown;  // what cannot be told here is when the file is read
  if (options.keys_file.empty() || std::filesystem::exists(options.keys_file, unknown) || unknown) return;
  throw UsageError("--keys: " + options.keys_file + " is not there. Make it with: candor keys create NAME --keys " +
                   options.keys_file);
}

// Aliases lead to names that are offered.
std::map<std::string, std::string> Aliases(const ServeOptions& options, const std::vector<OfferedModel>& models) {
  std::map<std::string, std::string> aliases;
  for (const auto& [alias, model] : options.aliases) {
    const std::string name = ClientName(model);
    const bool offered = std::ranges::any_of(models, [&](const OfferedModel& other) { return other.name == name; });
    if (!offered) throw UsageError("--alias " + alias + "=" + model + ": " + model + " is none of the models offered");
    aliases[alias] = name;
  }
  return aliases;
}

std::string DescribeLoaded(const ModelFacts& facts, uint32_t wanted_context) {
  std::string text = "context " + std::to_string(facts.context);
  if (wanted_context == 0 && facts.context < facts.model_context) {
    text += " of " + std::to_string(facts.model_context) + " tokens, as there is no memory for more (--memory), ";
  } else {
    text += " tokens, ";
  }
  return text + facts.isa + ", " + std::to_string(facts.threads) + (facts.threads == 1 ? " thread" : " threads");
}

// The server from its start to its end.
class Serving {
 public:
  explicit Serving(const ServeOptions& options) : options_(options) {}

  void Run();

 private:
  void Say(const std::string& text) const {
    if (!options_.quiet) Note("candor: " + text);
  }
  std::optional<Caller> Authenticate(const HttpRequest& request);
  void LookAround();
  void Preloaded(const std::string& model, const std::string& problem);
  void Open();
  void StopOnSignals();
  void Stop();

  const ServeOptions& options_;
  EventLoop loop_;
  std::optional<KeyRing> keys_;
  std::string keys_problem_;  // as told
  std::optional<Metrics> metrics_;
  std::optional<AccessLog> log_;
  EventLoop::Subscriptions look_;
  bool served_ = false;  // since freed memory was returned
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> server_;
  std::vector<EventLoop::Subscriptions> signals_;
  size_t to_load_ = 0;
  bool stopping_ = false;
  std::string problem_;  // why it cannot go on
};

std::optional<Caller> Serving::Authenticate(const HttpRequest& request) {
  const auto now = std::chrono::steady_clock::now();
  if (!keys_->required(now)) return Caller{};
  const std::optional<std::string_view> presented = PresentedKey(request);
  const ApiKey* key = presented ? keys_->Find(*presented, now) : nullptr;
  return key ? std::optional(Caller{key->id, key->models}) : std::nullopt;
}

void Serving::LookAround() {
  const HttpServer::Counts counts = server_->counts();
  metrics_->ConnectionsCounted(counts);
  // Large requests leave an allocator with large holes that it keeps. Not while others wait for an answer.
  if (counts.busy == 0 && std::exchange(served_, false)) ReturnFreedMemory();
  keys_->Refresh(std::chrono::steady_clock::now());
  if (keys_->problem() != keys_problem_) {
    keys_problem_ = keys_->problem();
    Note("candor: " +
         (keys_problem_.empty() ? "the keys can be read again" : keys_problem_ + "; the keys stay as they were"));
  }
  look_ = loop_.After(kLookInterval, [this] { LookAround(); });
}

void Serving::Run() {
  // Whoever reads standard error may go away: that must not end the server.
  (void)std::signal(SIGPIPE, SIG_IGN);
  RequireNamedKeys(options_);
  keys_.emplace(KeyFilePath(options_.keys_file));
  const bool has_keys = keys_->required(std::chrono::steady_clock::now());
  RequireKeysBeyondLoopback(options_, has_keys);
  const std::vector<OfferedModel> models = OfferedModels(options_.models, options_.store);
  GatewayOptions gateway{.models = models,
                         .look_for_models = {},
                         .pool = PoolOptions(options_),
                         .parallel = options_.parallel,
                         .queue = options_.queue,
                         .aliases = Aliases(options_, models),
                         .reasoning = options_.reasoning,
                         .kv_name = KvTypeName(options_.compute.kv),
                         .version = CANDOR_VERSION,
                         .authenticate = [this](const HttpRequest& request) { return Authenticate(request); },
                         .local_now = LocalNow,
                         .worker = OwnWorkerCommand(),
                         .note = [](const std::string& text) { Note("candor: " + text); }};
  gateway.pool.note = [this](const std::string& text) {
    if (server_ != nullptr && to_load_ == 0) Say(text);  // what is loaded first is told by itself
  };
  if (options_.models.empty()) {
    gateway.look_for_models = [this] { return OfferedModels({}, options_.store); };
  }
  metrics_.emplace(RoutePatterns(), CANDOR_VERSION);
  if (options_.log) log_.emplace();
  ServerOptions listening = Listening(options_);
  listening.on_request_end = [this](const RequestRecord& record) {
    const RouteMatch match = FindRoute(record.method, record.path);
    metrics_->RequestEnded(match.route ? RoutePattern(*match.route) : "", record);
    if (log_) log_->Write(record);
    served_ = true;
  };
  listening.on_grace_over = [this] {
    Say("breaking off what is under way");
    gateway_->Interrupt();
  };
  listening.before_body = [this](const HttpRequest& request) { return gateway_->BeforeBody(request); };
  // Listens before the worker starts: what is refused here costs nothing.
  server_ = std::make_unique<HttpServer>(loop_, std::move(listening),
                                         [this](std::shared_ptr<Exchange> exchange) { gateway_->Handle(exchange); });
  gateway_ = std::make_unique<Gateway>(loop_, *metrics_, std::move(gateway));
  if (const FrontSealReport seal = SealFront(); !seal.sealed()) Note("candor: " + seal.Describe());
  StopOnSignals();
  LookAround();
  if (options_.models.empty()) {
    std::string names;
    for (const OfferedModel& model : models) names += (names.empty() ? "" : ", ") + model.name;
    Say("offering " + names + "; each is loaded when it is asked for");
    Open();
  } else {
    to_load_ = models.size();
    for (const OfferedModel& model : models) {
      gateway_->Preload(model.name,
                        [this, name = model.name](const std::string& problem) { Preloaded(name, problem); });
    }
  }
  loop_.Run();
  gateway_.reset();
  server_.reset();
  if (!problem_.empty()) throw Error(problem_);
}

void Serving::Preloaded(const std::string& model, const std::string& problem) {
  if (!problem.empty()) {
    problem_ = problem;
    return loop_.Stop();
  }
  const ModelPool::Info info = gateway_->models().Describe(model);
  Say(model + ": " + DescribeLoaded(*info.facts, options_.compute.context));
  if (--to_load_ == 0) Open();
}

void Serving::Open() {
  server_->Start();
  const std::vector<std::string> urls = server_->urls();
  std::string all;
  for (const std::string& url : urls) all += (all.empty() ? "" : ", ") + url;
  for (const HostPort& host : server_->bound()) {
    if (host.host == "0.0.0.0" || host.host == "::") all += " and every other address of this machine";
  }
  if (!std::ranges::all_of(server_->bound(), IsLoopback) && options_.certificate.empty()) {
    Say("without --tls-cert, keys, questions and answers cross the network as they are");
  }
  const bool asks = keys_->required(std::chrono::steady_clock::now());
  Say("serving on " + all + (asks ? " for those with a key" : "") + "; Ctrl-C stops");
  if (options_.json) PrintResult(boost::json::serialize(boost::json::object{{"url", urls.front()}}) + "\n");
}

void Serving::StopOnSignals() {
  for (const int signal : {SIGINT, SIGTERM}) signals_.push_back(loop_.OnSignal(signal, [this] { Stop(); }));
}

void Serving::Stop() {
  if (to_load_ > 0) return loop_.Stop();
  const uint32_t active = gateway_->active_answers();
  if (active > 0 && !std::exchange(stopping_, true)) {
    Say("stopping when " + std::to_string(active) + (active == 1 ? " answer has" : " answers have") +
        " finished; once more stops at once");
  }
  gateway_->Drain();
  server_->Stop(std::chrono::seconds(options_.grace), [this] { loop_.Stop(); });
}

}  // namespace

void AddServeCommand(CLI::App& app) {
  const auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", kDescription);
  AddServeOptions(*command, *options);
  command->footer(kFooter);
  command->callback([options] { Serving(*options).Run(); });
}

}  // namespace candor
