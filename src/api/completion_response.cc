#include "api/completion_response.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "api/token_json.h"
#include "base/check.h"
#include "base/utf8.h"

namespace candor {
namespace {

void Append(std::string item, std::string& list) {
  if (!list.empty()) list += ',';
  list += item;
}

std::string TextJson(const std::string& text) {
  JsonWriter json;
  return json.Value(text).Take();
}

std::string NumberJson(double value) {
  JsonWriter json;
  return json.Value(value).Take();
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

CompletionResponse::CompletionResponse(AnswerHead head, const CompletionRequest& request)
    : head_(std::move(head)),
      options_(request.options),
      per_prompt_(request.job.choices),
      tally_(request.prompts.size() * request.job.choices) {
  const size_t choices = request.prompts.size() * per_prompt_;
  for (size_t i = 0; i < choices; ++i) whole_.push_back({.choice = i});
  offsets_.resize(choices);
  if (!request.echo) return;
  for (const auto& prompt : request.prompts) echoes_.push_back(std::get<RawText>(prompt));
}

std::vector<std::string> CompletionResponse::Add(size_t prompt, const JobEvent& event) {
  const size_t choice = prompt * per_prompt_ + event.choice;
  if (event.choice >= per_prompt_ || !tally_.Accepts(choice)) return {};
  return std::visit(
      [&](const auto& what) -> std::vector<std::string> {
        if constexpr (requires { this->AddTo(choice, what); }) return AddTo(choice, what);
        return {};
      },
      event.what);
}

void CompletionResponse::Begin(size_t choice, Delta& delta) {
  if (tally_.Begin(choice) && !echoes_.empty()) delta.text = echoes_[choice / per_prompt_];
}

std::vector<std::string> CompletionResponse::AddTo(size_t choice, const JobStarted&) {
  Delta delta{.choice = choice};
  Begin(choice, delta);
  return delta.text.empty() ? std::vector<std::string>() : Take(std::move(delta));
}

std::vector<std::string> CompletionResponse::AddTo(size_t choice, const JobProgress& progress) {
  if (!options_.progress || !options_.stream) return {};
  JsonWriter json;
  json.BeginObject();
  WriteHead(json);
  json.Key("choices").BeginArray();
  WriteChoice({.choice = choice}, json);
  json.EndArray().Key("prompt_progress").BeginObject().Member("queue_position", progress.queue_position);
  json.Member("processed", progress.done).Member("total", progress.total).EndObject().EndObject();
  return {json.Take()};
}

void CompletionResponse::AddLogprob(const OutputToken& token, Delta& delta) {
  const uint64_t offset = offsets_[delta.choice];
  if (!token.named) offsets_[delta.choice] += CodePoints(token.bytes);
  if (!token.logprob) return;
  Append(TextJson(token.bytes), delta.logprobs[kTokens]);
  Append(NumberJson(FiniteLogprob(*token.logprob)), delta.logprobs[kLogprobs]);
  Append(std::to_string(offset), delta.logprobs[kOffsets]);
  Append(std::to_string(token.id), delta.logprobs[kIds]);
  JsonWriter top;
  top.BeginObject();
  std::vector<std::string> names;
  for (const LikelyToken& likely : token.top) {
    // Different tokens may look the same; the first is the likelier one.
    std::string name = TextJson(likely.bytes);
    if (std::ranges::find(names, name) != names.end()) continue;
    top.Key(ToValidUtf8(likely.bytes)).Value(FiniteLogprob(likely.logprob));
    names.push_back(std::move(name));
  }
  top.EndObject();
  Append(top.Take(), delta.logprobs[kTop]);
}

std::vector<std::string> CompletionResponse::AddTo(size_t choice, const JobOutput& output) {
  Delta delta{.choice = choice};
  Begin(choice, delta);
  tally_.Count(choice, output);
  for (const TextPiece& piece : output.texts) delta.text += piece.text;
  for (const OutputToken& token : output.tokens) {
    if (options_.token_ids) delta.token_ids.push_back(token.id);
    if (options_.logprobs && token.role != TokenRole::kMark) AddLogprob(token, delta);
  }
  if (delta.text.empty() && delta.token_ids.empty() && delta.logprobs == LogprobLists()) return {};
  return Take(std::move(delta));
}

std::vector<std::string> CompletionResponse::AddTo(size_t choice, const JobFinished& finished) {
  Delta delta{.choice = choice};
  Begin(choice, delta);
  tally_.Finish(choice, finished, choice % per_prompt_ == 0);
  if (tally_.error()) return Fail(*tally_.error());
  delta.finish = FinishWord(finished.reason);
  std::vector<std::string> payloads = Take(std::move(delta));
  if (!done() || !options_.stream || !options_.include_usage) return payloads;
  JsonWriter json;
  json.BeginObject();
  WriteHead(json);
  json.Key("choices").BeginArray().EndArray().Key("usage");
  tally_.WriteUsage(json);
  json.EndObject();
  payloads.push_back(json.Take());
  return payloads;
}

std::vector<std::string> CompletionResponse::AddTo(size_t, const JobFailed& failed) {
  return Fail(ErrorOf(failed.why, failed.message, "prompt"));
}

std::vector<std::string> CompletionResponse::Fail(const ApiError& error) {
  if (error_sent_ || (tally_.done() && !tally_.error())) return {};
  error_sent_ = true;
  tally_.Fail(error);
  if (!options_.stream) return {};
  return {ErrorJson(*tally_.error())};
}

std::vector<std::string> CompletionResponse::Take(Delta delta) {
  if (options_.stream) {
    JsonWriter json;
    json.BeginObject();
    WriteHead(json);
    json.Key("choices").BeginArray();
    WriteChoice(delta, json);
    json.EndArray();
    if (done()) {
      json.Key("candor");
      tally_.WriteCandor(head_.seed, json);
    }
    json.EndObject();
    return {json.Take()};
  }
  Delta& whole = whole_[delta.choice];
  whole.text += delta.text;
  for (size_t i = 0; i < kLists; ++i) {
    if (!delta.logprobs[i].empty()) Append(std::move(delta.logprobs[i]), whole.logprobs[i]);
  }
  whole.token_ids.insert(whole.token_ids.end(), delta.token_ids.begin(), delta.token_ids.end());
  if (delta.finish != nullptr) whole.finish = delta.finish;
  return {};
}

void CompletionResponse::WriteHead(JsonWriter& json) const {
  json.Member("id", head_.id).Member("object", "text_completion").Member("created", head_.created);
  json.Member("model", head_.model).Member("system_fingerprint", head_.system_fingerprint);
}

void CompletionResponse::WriteChoice(const Delta& choice, JsonWriter& json) const {
  json.BeginObject().Member("index", choice.choice).Member("text", choice.text).Key("logprobs");
  if (!options_.logprobs || (options_.stream && choice.logprobs == LogprobLists())) {
    json.Value(nullptr);
  } else {
    constexpr std::array<const char*, kLists> kNames = {"tokens", "token_logprobs", "top_logprobs", "text_offset",
                                                        "token_ids"};
    json.BeginObject();
    for (size_t i = 0; i < kLists; ++i) {
      json.Key(kNames[i]).BeginArray();
      if (!choice.logprobs[i].empty()) json.Raw(choice.logprobs[i]);
      json.EndArray();
    }
    json.EndObject();
  }
  json.Key("finish_reason");
  choice.finish == nullptr ? json.Value(nullptr) : json.Value(choice.finish);
  if (options_.token_ids) {
    json.Key("token_ids").BeginArray();
    for (const TokenId id : choice.token_ids) json.Value(id);
    json.EndArray();
  }
  json.EndObject();
}

std::string CompletionResponse::Whole() const {
  CHECK(done() && !error() && !options_.stream);
  JsonWriter json;
  json.BeginObject();
  WriteHead(json);
  json.Key("choices").BeginArray();
  for (const Delta& choice : whole_) WriteChoice(choice, json);
  json.EndArray().Key("usage");
  tally_.WriteUsage(json);
  json.Key("candor");
  tally_.WriteCandor(head_.seed, json);
  json.EndObject();
  return json.Take();
}

}  // namespace candor
