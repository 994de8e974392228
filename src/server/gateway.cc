#include "server/gateway.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

#include "api/chat_request.h"
#include "api/completion_request.h"
#include "api/embedding_request.h"
#include "api/json_writer.h"
#include "api/model_list.h"
#include "api/openapi.h"
#include "api/small_requests.h"
#include "api/small_responses.h"
#include "base/random_bytes.h"
#include "server/answer_stream.h"
#include "server/call.h"
#include "server/embedding_call.h"
#include "server/keys.h"
#include "server/query.h"
#include "server/response_head.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kMostRetrySeconds = 60;
constexpr std::chrono::seconds kLookInterval{1};

// A seed that a JavaScript client reads back as it is.
uint64_t RandomSeed() { return RandomNumber<uint64_t>() >> 11; }

std::string NewId(const char* prefix) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string id = prefix;
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = RandomNumber<uint64_t>();
    for (int i = 0; i < 12; ++i, bits >>= 5) id += kDigits[bits & 31];
  }
  return id;
}

// Calls `handle`; what it throws for the client becomes the response.
template <typename Handle>
void Respond(Exchange& exchange, Handle handle) {
  try {
    handle();
  } catch (const RequestError& error) {
    exchange.Respond(ErrorResponse(error.error()));
  }
}

}  // namespace

Gateway::Gateway(EventLoop& loop, Metrics& metrics, GatewayOptions options)
    : loop_(loop),
      metrics_(metrics),
      options_(std::move(options)),
      worker_(loop, options_.worker,
              {.ready =
                   [this](const WorkerReady&) {
                     if (metrics_.WorkerStarted() > 1) Note("a new worker has started");
                     pool_.OnWorkerReady();
                   },
               .ended =
                   [this](const std::string& how) {
                     Note(how);
                     pool_.OnWorkerEnded();
                   },
               .message = [this](const WorkerMessage& message) { pool_.OnMessage(message); }}),
      pool_(loop, worker_, metrics, options_.pool),
      looked_for_models_(Clock::now()) {
  pool_.Offer(options_.models);
}

// Answers that wait refer to the gateway, and go before anything else does.
Gateway::~Gateway() {
  worker_.Abandon();
  pool_.Abandon();
}

void Gateway::Note(const std::string& text) const {
  if (options_.note) options_.note(text);
}

void Gateway::Interrupt() {
  std::vector<std::shared_ptr<Call>> ended;  // ending a call takes it out of the set
  for (Call* call : calls_) ended.push_back(call->shared_from_this());
  for (const auto& call : ended) call->Interrupt();
}

void Gateway::Preload(const std::string& model, std::function<void(const std::string&)> done) {
  ++preloading_;
  pool_.Acquire(model, [this, done = std::move(done)](const ModelPool::Result& result) {
    --preloading_;
    const auto* error = std::get_if<ApiError>(&result);
    done(error ? error->message : "");
  });
}

HttpFields Gateway::IgnoredFields(const std::vector<std::string>& ignored) {
  if (ignored.empty()) return {};
  return {{"x-candor-ignored", IgnoredField(ignored)}};
}

std::optional<Caller> Gateway::Authenticate(const HttpRequest& request, Route route, ApiError& error) const {
  if (!options_.authenticate || IsOpen(route)) return Caller{};
  std::optional<Caller> caller = options_.authenticate(request);
  const bool has_one = request.Find("authorization") != nullptr || request.Find("x-api-key") != nullptr;
  if (!caller) error = has_one ? WrongKey() : MissingKey();
  return caller;
}

std::optional<ApiError> Gateway::Overloaded(const Caller& caller, uint32_t answers) const {
  if (draining_) return ShuttingDown();
  uint32_t most = options_.parallel + options_.queue;
  // A key leaves a quarter to the others: behind this door users take turns, before it they could not.
  if (!caller.id.empty()) most -= most / 4;
  if (answers > most) {
    return InvalidField("n", "too_many_answers",
                        std::to_string(answers) + " answers in one request, and this server takes " +
                            std::to_string(most) + " at a time");
  }
  const auto own = active_of_.find(caller.id);
  if (own != active_of_.end() && own->second + answers > most) return Full();
  if (active_ + answers > options_.parallel + options_.queue) return Full();
  return std::nullopt;
}

ApiError Gateway::Full() const { return TooManyRequests(active_, options_.parallel + options_.queue, RetrySeconds()); }

uint32_t Gateway::RetrySeconds() const {
  // When the answers that are under way now have mostly made room.
  const double rounds = static_cast<double>(active_) / std::max(1u, options_.parallel);
  return static_cast<uint32_t>(std::clamp(std::ceil(answer_seconds_ * rounds / 2), 1.0, double{kMostRetrySeconds}));
}

void Gateway::AnswerEnded(const std::string& id, double seconds) {
  running_.erase(id);
  answer_seconds_ += (seconds - answer_seconds_) / 16;
}

template <typename Kind, typename... Arguments>
void Gateway::Begin(uint32_t places, const std::shared_ptr<Exchange>& exchange, const Caller& caller,
                    Arguments&&... arguments) {
  if (const auto overloaded = Overloaded(caller, places)) throw RequestError(*overloaded);
  std::make_shared<Kind>(*this, exchange, caller.id, std::forward<Arguments>(arguments)...)->Start();
}

std::optional<HttpResponse> Gateway::BeforeBody(const HttpRequest& request) {
  const RouteMatch match = FindRoute(request.method, request.path);
  ApiError error;
  if (!match.route) {
    // Without a key not even what there is can be told.
    if (options_.authenticate && !options_.authenticate(request)) return ErrorResponse(MissingKey());
    return ErrorResponse(RouteNotFound(request.method, request.path));
  }
  const std::optional<Caller> caller = Authenticate(request, *match.route, error);
  if (!caller) return ErrorResponse(error);
  if (!match.method_fits) {
    HttpResponse response = ErrorResponse(MethodNotAllowed(request.method, request.path));
    response.fields.emplace_back("allow", match.method);
    return response;
  }
  switch (*match.route) {
    case Route::kChatCompletions:
    case Route::kCompletions:
    case Route::kEmbeddings:
    case Route::kTokenize:
    case Route::kDetokenize:
    case Route::kRender:
      if (const auto overloaded = Overloaded(*caller, 1)) {
        metrics_.RequestTurnedAway();
        return ErrorResponse(*overloaded);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

void Gateway::Handle(std::shared_ptr<Exchange> exchange) {
  const HttpRequest& request = exchange->request();
  const RouteMatch match = FindRoute(request.method, request.path);
  ApiError error;
  std::optional<Caller> caller;
  if (match.route) caller = Authenticate(request, *match.route, error);
  if (!caller) {  // BeforeBody() has let it through: the key was revoked a moment ago
    exchange->Respond(ErrorResponse(error));
    return;
  }
  exchange->SetUser(caller->id);
  Respond(*exchange, [&] {
    switch (*match.route) {
      case Route::kChatCompletions:
        return Chat(exchange, *caller);
      case Route::kCompletions:
        return Complete(exchange, *caller);
      case Route::kEmbeddings:
        return Embed(exchange, *caller);
      case Route::kCloseThought:
        return CloseThought(*exchange, match.id, *caller);
      case Route::kModels:
        return Models(*exchange, *caller);
      case Route::kModel:
        return OneModel(*exchange, match.id, *caller);
      case Route::kTokenize:
        return Tokenize(exchange, *caller);
      case Route::kDetokenize:
        return Detokenize(exchange, *caller);
      case Route::kRender:
        return Render(exchange, *caller);
      case Route::kHealth:
        return exchange->Respond({.body = ServerStateJson("ok")});
      case Route::kReady:
        return exchange->Respond({.status = ready() ? 200 : 503, .body = ServerStateJson(ready() ? "ok" : "loading")});
      case Route::kOpenApi:
        return exchange->Respond({.body = OpenApiJson(options_.version)});
      case Route::kMetrics:
        return exchange->Respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Text()});
    }
  });
}

bool Gateway::MayUse(const Caller& caller, const std::string& model) const {
  return caller.models.empty() || ModelsInclude(caller.models, model);
}

void Gateway::LookForModels() {
  if (!options_.look_for_models || Clock::now() - looked_for_models_ < kLookInterval) return;
  looked_for_models_ = Clock::now();
  try {
    pool_.Offer(options_.look_for_models());
  } catch (const Error& error) {  // the folder is gone, or empty: what is loaded can still be used
    Note(error.what());
  }
}

std::string Gateway::ModelNamed(const std::string& name, const Caller& caller) {
  std::string model = name;
  const auto is_alias = [&](const std::string& alias) {
    const auto found = options_.aliases.find(alias);
    if (found != options_.aliases.end()) model = found->second;
    return found != options_.aliases.end();
  };
  if (!pool_.Offers(model) && !is_alias(name)) {
    LookForModels();
    if (!pool_.Offers(model)) is_alias("*");
  }
  if (!pool_.Offers(model)) throw RequestError(ModelNotFound(name));
  if (!MayUse(caller, model)) throw RequestError(ModelNotAllowed(name));
  return model;
}

void Gateway::Chat(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  ChatRequest request = ParseChatRequest(exchange->request().body);
  AnswerPlan plan{.model = ModelNamed(request.model, caller),
                  .jobs = {},
                  .choices = request.job.choices,
                  .stream = request.options.stream,
                  .fields = IgnoredFields(request.ignored),
                  .id = NewId("chatcmpl-"),
                  .is_chat = true,
                  .writer = {}};
  request.job.user = caller.id;
  if (!request.seed_given) request.job.seed = RandomSeed();
  std::get<Conversation>(request.job.input).now = options_.local_now();
  plan.writer = [this, id = plan.id, model = plan.model, seed = request.job.seed, options = request.options,
                 choices = plan.choices, created = std::time(nullptr)](const ModelFacts& facts) {
    return std::make_unique<AnswerWriterOf<ChatResponse>>(
        ChatResponse(Head(id, model, created, seed, facts), options, choices));
  };
  plan.jobs.push_back(std::move(request.job));
  Begin<AnswerStream>(plan.answers(), exchange, caller, std::move(plan));
}

void Gateway::Complete(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  CompletionRequest request = ParseCompletionRequest(exchange->request().body);
  AnswerPlan plan{.model = ModelNamed(request.model, caller),
                  .jobs = {},
                  .choices = request.job.choices,
                  .stream = request.options.stream,
                  .fields = IgnoredFields(request.ignored),
                  .id = NewId("cmpl-"),
                  .is_chat = false,
                  .writer = {}};
  request.job.user = caller.id;
  if (!request.seed_given) request.job.seed = RandomSeed();
  for (const auto& prompt : request.prompts) {
    GenerateMessage& job = plan.jobs.emplace_back(request.job);
    std::visit([&](const auto& input) { job.input = input; }, prompt);
  }
  plan.writer = [this, id = plan.id, model = plan.model, request = std::move(request),
                 created = std::time(nullptr)](const ModelFacts& facts) {
    return std::make_unique<AnswerWriterOf<CompletionResponse>>(
        CompletionResponse(Head(id, model, created, request.job.seed, facts), request));
  };
  Begin<AnswerStream>(plan.answers(), exchange, caller, std::move(plan));
}

AnswerHead Gateway::Head(const std::string& id, const std::string& model, int64_t created, uint64_t seed,
                         const ModelFacts& facts) const {
  const LoadModelMessage& load = options_.pool.load;
  return {.id = id,
          .created = created,
          .model = model,
          .system_fingerprint = SystemFingerprint(facts, options_.kv_name, load.exact),
          .seed = seed,
          .reasoning = options_.reasoning};
}

void Gateway::Embed(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  EmbeddingRequest request = ParseEmbeddingRequest(exchange->request().body);
  const std::string model = ModelNamed(request.model, caller);
  HttpFields fields = IgnoredFields(request.ignored);
  Begin<EmbeddingCall>(1, exchange, caller, model, std::move(request), std::move(fields));
}

void Gateway::Tokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  TokenizeRequest request = ParseTokenizeRequest(exchange->request().body);
  Begin<Query<TokenizeMessage, TokensDone>>(1, exchange, caller, ModelNamed(request.model, caller),
                                            std::move(request.query), TokensJson);
}

void Gateway::Detokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  DetokenizeRequest request = ParseDetokenizeRequest(exchange->request().body);
  Begin<Query<DetokenizeMessage, TextDone>>(1, exchange, caller, ModelNamed(request.model, caller),
                                            std::move(request.query), TextJson);
}

void Gateway::Render(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  RenderRequest request = ParseRenderRequest(exchange->request().body);
  request.conversation.now = options_.local_now();
  Begin<Query<RenderMessage, PromptDone>>(1, exchange, caller, ModelNamed(request.model, caller),
                                          RenderMessage{.conversation = std::move(request.conversation)}, PromptJson,
                                          IgnoredFields(request.ignored), /*needs_template=*/true);
}

void Gateway::CloseThought(Exchange& exchange, const std::string& id, const Caller& caller) {
  ParseCloseThoughtRequest(exchange.request().body);
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.caller != caller.id) throw RequestError(CompletionNotFound(id));
  worker_.Send(CloseThoughtMessage{found->second.job});
  exchange.Respond({.body = ClosedThoughtJson(id)});
}

ServedModel Gateway::Served(const ModelPool::Info& info) const {
  ServedModel model{.id = info.name, .created = info.created, .loaded = info.state == ModelPool::State::kLoaded};
  for (const auto& [alias, name] : options_.aliases) {
    if (name == info.name) model.aliases.push_back(alias);
  }
  if (info.facts) model.facts = *info.facts;
  return model;
}

void Gateway::Models(Exchange& exchange, const Caller& caller) {
  LookForModels();
  std::vector<ServedModel> models;
  for (const ModelPool::Info& info : pool_.List()) {
    if (MayUse(caller, info.name)) models.push_back(Served(info));
  }
  exchange.Respond({.body = ModelListJson(models)});
}

void Gateway::OneModel(Exchange& exchange, const std::string& id, const Caller& caller) {
  exchange.Respond({.body = ModelJson(Served(pool_.Describe(ModelNamed(id, caller))))});
}

}  // namespace candor
