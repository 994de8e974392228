#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <map>
#include <sstream>

namespace candor {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

using Buckets = Histogram::BucketBoundaries;

// From a health check to a long answer.
const Buckets& RequestBuckets() {
  static const Buckets buckets = {0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
  return buckets;
}
const Buckets& FirstTokenBuckets() {
  static const Buckets buckets = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
  return buckets;
}
const Buckets& TokenBuckets() {
  static const Buckets buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};
  return buckets;
}

constexpr std::array<const char*, 6> kStatusClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<const char*, 5> kFinishReasons = {"end", "stop_string", "max_tokens", "context_full", "cancelled"};
static_assert(static_cast<size_t>(FinishReason::kCancelled) + 1 == kFinishReasons.size());

// The counters that an engine starts from zero with each load.
struct EngineCounters {
  Counter& prefill_tokens;
  Counter& decode_tokens;
  Counter& preemptions;
  Counter& forgotten_tokens;
};

struct RouteMetrics {
  std::array<Counter*, kStatusClasses.size()> requests;
  Counter& left;
  Histogram& seconds;
};

struct ModelMetrics {
  Counter& prompt_tokens;
  Counter& cached_tokens;
  Counter& reasoning_tokens;
  Counter& answer_tokens;
  std::array<Counter*, kFinishReasons.size()> finished;
  Histogram& first_token_seconds;
  Histogram& token_seconds;
  Gauge& loaded;
  Gauge& weight_bytes;
  Gauge& kv_limit_bytes;
  Gauge& kv_used_bytes;
  Gauge& kv_cached_bytes;
  Gauge& running;
  Gauge& waiting;
  EngineCounters engine;
  EngineState last;  // what is in `engine` already
};

}  // namespace

struct Metrics::Impl {
  Registry registry;
  std::map<std::string, RouteMetrics, std::less<>> routes;
  std::map<std::string, ModelMetrics> models;
  Counter* turned_away = nullptr;
  Counter* worker_starts = nullptr;
  std::array<Gauge*, 3> connections{};
  Counter* accepted = nullptr;
  Counter* refused = nullptr;
  Counter* evicted = nullptr;

  Counter& MakeCounter(const char* name, const char* help, const Labels& labels = {}) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
  }
  Gauge& MakeGauge(const char* name, const char* help, const Labels& labels = {}) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
  }
  Histogram& MakeHistogram(const char* name, const char* help, const Labels& labels, const Buckets& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, buckets);
  }

  void AddRoute(const std::string& route) {
    const Labels labels{{"route", route}};
    RouteMetrics made{
        {},
        MakeCounter("candor_http_clients_left_total", "Requests whose client left before the response was whole",
                    labels),
        MakeHistogram("candor_http_request_seconds",
                      "From the end of the header block to the last byte of the response", labels, RequestBuckets())};
    for (size_t i = 0; i < kStatusClasses.size(); ++i) {
      made.requests[i] = &MakeCounter("candor_http_requests_total", "Requests that have ended",
                                      {{"route", route}, {"status", kStatusClasses[i]}});
    }
    routes.emplace(route, made);
  }

  void AddModel(const std::string& model) {
    const Labels labels{{"model", model}};
    const auto tokens = [&](const char* kind) -> Counter& {
      return MakeCounter("candor_tokens_total", "Tokens of finished answers; cached ones are part of the prompt ones",
                         {{"model", model}, {"kind", kind}});
    };
    const auto kv = [&](const char* kind) -> Gauge& {
      return MakeGauge("candor_kv_bytes", "Memory for keys and values: at most, in use, and of that by cached prefixes",
                       {{"model", model}, {"kind", kind}});
    };
    ModelMetrics made{
        tokens("prompt"),
        tokens("cached"),
        tokens("reasoning"),
        tokens("answer"),
        {},
        MakeHistogram("candor_first_token_seconds", "From submitting a prompt to its first token", labels,
                      FirstTokenBuckets()),
        MakeHistogram("candor_token_seconds", "For each token after the first, averaged over an answer", labels,
                      TokenBuckets()),
        MakeGauge("candor_model_loaded", "1 while the model is in memory", labels),
        MakeGauge("candor_weight_bytes", "Memory of the packed weights", labels),
        kv("limit"),
        kv("used"),
        kv("cached"),
        MakeGauge("candor_answers_running", "Answers that are computed now", labels),
        MakeGauge("candor_answers_waiting", "Answers that wait for a place", labels),
        {MakeCounter("candor_prefill_tokens_total", "Prompt tokens computed", labels),
         MakeCounter("candor_decode_tokens_total", "Tokens of answers that have ended, cancelled ones too", labels),
         MakeCounter("candor_preemptions_total", "Answers interrupted for want of memory, to be computed again",
                     labels),
         MakeCounter("candor_forgotten_tokens_total", "Tokens of cached prefixes that were given up for want of memory",
                     labels)},
        {}};
    for (size_t i = 0; i < kFinishReasons.size(); ++i) {
      made.finished[i] = &MakeCounter("candor_answers_total", "Answers that have ended",
                                      {{"model", model}, {"reason", kFinishReasons[i]}});
    }
    models.emplace(model, made);
  }

  ModelMetrics* Find(const std::string& model) {
    const auto found = models.find(model);
    return found == models.end() ? nullptr : &found->second;
  }
};

namespace {

// Counters that somebody else counts.
void Advance(Counter& counter, double to) {
  if (to > counter.Value()) counter.Increment(to - counter.Value());
}

void AddDifference(Counter& counter, uint64_t now, uint64_t before) {
  if (now > before) counter.Increment(static_cast<double>(now - before));
}

}  // namespace

Metrics::Metrics(const std::vector<std::string>& routes, const std::string& version) : impl_(std::make_unique<Impl>()) {
  for (const std::string& route : routes) impl_->AddRoute(route);
  impl_->AddRoute("other");
  impl_->MakeGauge("candor_build_info", "1, with the program's version", {{"version", version}}).Set(1);
  impl_->turned_away = &impl_->MakeCounter("candor_turned_away_total", "Requests refused for want of room");
  impl_->worker_starts = &impl_->MakeCounter("candor_worker_starts_total", "Times that a worker was started");
  constexpr std::array<const char*, 3> kStages = {"idle", "head", "busy"};
  for (size_t i = 0; i < kStages.size(); ++i) {
    impl_->connections[i] = &impl_->MakeGauge(
        "candor_connections", "Open connections: between requests, in a header block, with a request under way",
        {{"stage", kStages[i]}});
  }
  impl_->accepted = &impl_->MakeCounter("candor_connections_accepted_total", "Connections accepted");
  impl_->refused = &impl_->MakeCounter("candor_connections_refused_total", "Connections closed for want of a place");
  impl_->evicted = &impl_->MakeCounter("candor_connections_evicted_total", "Idle connections closed to make room");
}

Metrics::~Metrics() = default;

void Metrics::RequestEnded(std::string_view route, const RequestRecord& record) {
  auto found = impl_->routes.find(route);
  if (found == impl_->routes.end()) found = impl_->routes.find("other");
  const int status_class = record.status / 100;
  found->second.requests[status_class > 0 && status_class < 6 ? static_cast<size_t>(status_class) : 0]->Increment();
  if (record.left) found->second.left.Increment();
  found->second.seconds.Observe(std::chrono::duration<double>(record.duration).count());
}

void Metrics::AnswerEnded(const std::string& model, FinishReason reason, const Usage& usage) {
  ModelMetrics* metrics = impl_->Find(model);
  if (metrics == nullptr) return;
  metrics->prompt_tokens.Increment(usage.prompt_tokens);
  metrics->cached_tokens.Increment(usage.cached_tokens);
  metrics->reasoning_tokens.Increment(usage.reasoning_tokens);
  metrics->answer_tokens.Increment(usage.answer_tokens);
  metrics->finished[static_cast<size_t>(reason)]->Increment();
  if (usage.generated_tokens > usage.forced_tokens) metrics->first_token_seconds.Observe(usage.first_token_seconds);
  if (usage.generated_tokens > usage.forced_tokens + 1) {
    metrics->token_seconds.Observe(usage.decode_seconds / (usage.generated_tokens - usage.forced_tokens - 1));
  }
}

void Metrics::AnswersCancelled(const std::string& model, uint32_t answers) {
  if (ModelMetrics* metrics = impl_->Find(model)) {
    metrics->finished[static_cast<size_t>(FinishReason::kCancelled)]->Increment(answers);
  }
}

void Metrics::ModelOffered(const std::string& model) {
  if (impl_->Find(model) == nullptr) impl_->AddModel(model);
}

void Metrics::RequestTurnedAway() { impl_->turned_away->Increment(); }

void Metrics::ModelLoaded(const std::string& model, const ModelFacts& facts) {
  ModelMetrics* metrics = impl_->Find(model);
  if (metrics == nullptr) return;
  metrics->loaded.Set(1);
  metrics->weight_bytes.Set(static_cast<double>(facts.weight_bytes));
  metrics->kv_limit_bytes.Set(static_cast<double>(facts.kv_bytes));
  metrics->last = {};
}

void Metrics::ModelUnloaded(const std::string& model) {
  ModelMetrics* metrics = impl_->Find(model);
  if (metrics == nullptr) return;
  for (Gauge* gauge : {&metrics->loaded, &metrics->weight_bytes, &metrics->kv_limit_bytes, &metrics->kv_used_bytes,
                       &metrics->kv_cached_bytes, &metrics->running, &metrics->waiting}) {
    gauge->Set(0);
  }
  metrics->last = {};
}

void Metrics::EngineTold(const std::string& model, const EngineState& state) {
  ModelMetrics* metrics = impl_->Find(model);
  if (metrics == nullptr) return;
  metrics->kv_used_bytes.Set(static_cast<double>(state.kv_bytes_used));
  metrics->kv_cached_bytes.Set(static_cast<double>(state.kv_bytes_cached));
  metrics->running.Set(state.running);
  metrics->waiting.Set(state.waiting);
  const EngineState before = state.model == metrics->last.model ? metrics->last : EngineState{};
  AddDifference(metrics->engine.prefill_tokens, state.prefill_tokens, before.prefill_tokens);
  AddDifference(metrics->engine.decode_tokens, state.decode_tokens, before.decode_tokens);
  AddDifference(metrics->engine.preemptions, state.preemptions, before.preemptions);
  AddDifference(metrics->engine.forgotten_tokens, state.forgotten_tokens, before.forgotten_tokens);
  metrics->last = state;
}

uint64_t Metrics::WorkerStarted() {
  impl_->worker_starts->Increment();
  return static_cast<uint64_t>(impl_->worker_starts->Value());
}

void Metrics::ConnectionsCounted(const HttpServer::Counts& counts) {
  impl_->connections[0]->Set(static_cast<double>(counts.idle));
  impl_->connections[1]->Set(static_cast<double>(counts.heads));
  impl_->connections[2]->Set(static_cast<double>(counts.busy));
  Advance(*impl_->accepted, static_cast<double>(counts.accepted));
  Advance(*impl_->refused, static_cast<double>(counts.refused));
  Advance(*impl_->evicted, static_cast<double>(counts.evicted));
}

std::string Metrics::Text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return out.str();
}

}  // namespace candor
