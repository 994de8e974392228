#include "api/chat_response.h"

#include <utility>

#include "api/token_json.h"
#include "base/check.h"

namespace candor {
namespace {

// What a call without a name is called: clients cannot take an empty one.
constexpr const char* kNamelessTool = "unnamed";

// "functions." is the namespace in which Harmony's templates declare the client's tools.
std::string ToolName(const std::string& recipient) {
  constexpr std::string_view kNamespace = "functions.";
  std::string name = recipient.starts_with(kNamespace) ? recipient.substr(kNamespace.size()) : recipient;
  return name.empty() ? kNamelessTool : name;
}

void AppendEntry(const std::string& entry, std::string& list) {
  if (entry.empty()) return;
  if (!list.empty()) list += ',';
  list += entry;
}

void WriteTokenIds(const std::vector<TokenId>& ids, JsonWriter& json) {
  json.Key("token_ids").BeginArray();
  for (const TokenId id : ids) json.Value(id);
  json.EndArray();
}

}  // namespace

ChatResponse::ChatResponse(AnswerHead head, ResponseOptions options, uint32_t choices)
    : head_(std::move(head)), options_(options), tally_(choices), choices_(choices) {}

// All at once and in their order: openai-python's stream helper cannot take a stream whose first chunk is not of choice
// 0.
void ChatResponse::Begin(std::vector<Delta>& deltas) {
  if (tally_.begun()) return;
  for (uint32_t choice = 0; choice < choices_.size(); ++choice) {
    tally_.Begin(choice);
    Delta& delta = deltas.emplace_back();
    delta.choice = choice;
    delta.begins = true;
  }
}

std::vector<std::string> ChatResponse::Add(uint32_t choice, const JobStarted&) {
  std::vector<Delta> deltas;
  if (tally_.Accepts(choice)) Begin(deltas);
  return Take(std::move(deltas));
}

std::vector<std::string> ChatResponse::Add(uint32_t choice, const JobProgress& progress) {
  if (!tally_.Accepts(choice) || !options_.progress || !options_.stream) return {};
  std::vector<Delta> deltas;
  Begin(deltas);
  std::vector<std::string> payloads = Take(std::move(deltas));
  payloads.push_back(ProgressChunk(choice, progress));
  return payloads;
}

void ChatResponse::AddText(uint32_t choice, const TextPiece& piece, std::vector<Delta>& deltas) {
  Choice& state = choices_[choice];
  if (piece.role == TokenRole::kToolCall) {
    if (state.last_call != piece.call) {
      state.last_call = piece.call;
      // Only as many calls as there are pieces: the numbers are the worker's.
      const auto index = static_cast<uint32_t>(state.calls.size());
      state.calls.push_back({.name = ToolName(piece.recipient), .arguments = {}});
      deltas.push_back({.choice = choice, .call = CallDelta{index, true, state.calls.back().name, {}}});
    }
    if (piece.text.empty()) return;
    const auto index = static_cast<uint32_t>(state.calls.size() - 1);
    deltas.push_back({.choice = choice, .call = CallDelta{index, false, {}, piece.text}});
    return;
  }
  if (piece.text.empty()) return;
  if (piece.role != TokenRole::kReasoning) {
    deltas.push_back({.choice = choice, .content = piece.text});
  } else if (options_.reasoning) {
    deltas.push_back({.choice = choice, .reasoning = piece.text});
  }
}

std::vector<std::string> ChatResponse::Add(uint32_t choice, const JobOutput& output) {
  if (!tally_.Accepts(choice)) return {};
  std::vector<Delta> deltas;
  Begin(deltas);
  tally_.Count(choice, output);
  const size_t first = deltas.size();
  for (const TextPiece& piece : output.texts) AddText(choice, piece, deltas);

  Delta tokens{.choice = choice};
  for (const OutputToken& token : output.tokens) {
    if (options_.token_ids) tokens.token_ids.push_back(token.id);
    if (!options_.logprobs || !token.logprob || token.role == TokenRole::kMark) continue;
    if (token.role == TokenRole::kReasoning && !options_.reasoning) continue;
    JsonWriter entry;
    WriteLogprobEntry(token, entry);
    const List list = token.role == TokenRole::kReasoning  ? kReasoningList
                      : token.role == TokenRole::kToolCall ? kCallList
                                                           : kContentList;
    AppendEntry(entry.Take(), tokens.logprobs[list]);
  }
  if (tokens.token_ids.empty() && tokens.logprobs == LogprobLists()) return Take(std::move(deltas));
  // Text may wait for whole characters while its tokens are known: they come all the same.
  if (deltas.size() == first) deltas.push_back({.choice = choice});
  deltas[first].token_ids = std::move(tokens.token_ids);
  deltas[first].logprobs = std::move(tokens.logprobs);
  return Take(std::move(deltas));
}

std::vector<std::string> ChatResponse::Add(uint32_t choice, const JobFinished& finished) {
  if (!tally_.Accepts(choice)) return {};
  std::vector<Delta> deltas;
  Begin(deltas);
  tally_.Finish(choice, finished, choice == 0);
  if (tally_.error()) return Fail(*tally_.error());
  const bool called = finished.reason == FinishReason::kEndToken && !choices_[choice].calls.empty();
  deltas.push_back({.choice = choice, .finish = called ? "tool_calls" : FinishWord(finished.reason)});
  std::vector<std::string> payloads = Take(std::move(deltas));
  if (done() && options_.stream && options_.include_usage) payloads.push_back(UsageChunk());
  return payloads;
}

std::vector<std::string> ChatResponse::Add(uint32_t choice, const JobFailed& failed) {
  if (!tally_.Accepts(choice)) return {};
  return Fail(ErrorOf(failed.why, failed.message, "messages"));
}

std::vector<std::string> ChatResponse::Fail(const ApiError& error) {
  if (!error_sent_ && !(tally_.done() && !tally_.error())) {
    error_sent_ = true;
    tally_.Fail(error);
    if (options_.stream) return {ErrorJson(*tally_.error())};
  }
  return {};
}

std::vector<std::string> ChatResponse::Add(const JobEvent& event) {
  return std::visit(
      [&](const auto& what) -> std::vector<std::string> {
        if constexpr (requires { this->Add(event.choice, what); }) return Add(event.choice, what);
        return {};
      },
      event.what);
}

std::vector<std::string> ChatResponse::Take(std::vector<Delta> deltas) {
  std::vector<std::string> payloads;
  for (size_t i = 0; i < deltas.size(); ++i) {
    if (options_.stream) {
      payloads.push_back(Chunk(deltas[i], done() && i + 1 == deltas.size()));
    } else {
      Keep(std::move(deltas[i]));
    }
  }
  return payloads;
}

void ChatResponse::Keep(Delta delta) {
  Choice& choice = choices_[delta.choice];
  if (delta.content) choice.content += *delta.content;
  if (delta.reasoning) {
    choice.reasoned = true;
    choice.reasoning += *delta.reasoning;
  }
  if (delta.call) choice.calls[delta.call->index].arguments += delta.call->arguments;
  for (size_t i = 0; i < kLists; ++i) AppendEntry(delta.logprobs[i], choice.logprobs[i]);
  choice.token_ids.insert(choice.token_ids.end(), delta.token_ids.begin(), delta.token_ids.end());
  if (delta.finish != nullptr) choice.finish = delta.finish;
}

void ChatResponse::WriteHead(const char* object, JsonWriter& json) const {
  json.Member("id", head_.id).Member("object", object).Member("created", head_.created).Member("model", head_.model);
  json.Member("system_fingerprint", head_.system_fingerprint);
}

void ChatResponse::WriteReasoning(const std::string& text, JsonWriter& json) const {
  if (head_.reasoning != ReasoningNames::kReasoning) json.Member("reasoning_content", text);
  if (head_.reasoning != ReasoningNames::kReasoningContent) json.Member("reasoning", text);
}

void ChatResponse::WriteLogprobs(const LogprobLists& lists, JsonWriter& json) const {
  json.Key("logprobs");
  if (!options_.logprobs || (options_.stream && lists == LogprobLists())) {
    json.Value(nullptr);
    return;
  }
  const auto list = [&](const char* name, const std::string& entries) {
    json.Key(name).BeginArray();
    if (!entries.empty()) json.Raw(entries);
    json.EndArray();
  };
  json.BeginObject();
  list("content", lists[kContentList]);
  json.Member("refusal", nullptr);
  if (!lists[kReasoningList].empty()) list("reasoning_content", lists[kReasoningList]);
  if (!lists[kCallList].empty()) list("tool_calls", lists[kCallList]);
  json.EndObject();
}

std::string ChatResponse::CallId(uint32_t choice, size_t index) const {
  const size_t dash = head_.id.find('-');
  return "call_" + head_.id.substr(dash == std::string::npos ? 0 : dash + 1) + "_" + std::to_string(choice) + "_" +
         std::to_string(index);
}

std::string ChatResponse::Chunk(const Delta& delta, bool last) const {
  JsonWriter json;
  json.BeginObject();
  WriteHead("chat.completion.chunk", json);
  json.Key("choices").BeginArray().BeginObject().Member("index", delta.choice);
  json.Key("delta").BeginObject();
  if (delta.begins) json.Member("role", "assistant").Member("content", nullptr);
  if (delta.content) json.Member("content", *delta.content);
  if (delta.reasoning) WriteReasoning(*delta.reasoning, json);
  if (delta.call) {
    // The id and the name stand in the first delta alone: some clients join what is repeated.
    json.Key("tool_calls").BeginArray().BeginObject().Member("index", delta.call->index);
    if (delta.call->begins) json.Member("id", CallId(delta.choice, delta.call->index)).Member("type", "function");
    json.Key("function").BeginObject();
    if (delta.call->begins) json.Member("name", delta.call->name);
    json.Member("arguments", delta.call->arguments).EndObject().EndObject().EndArray();
  }
  json.EndObject();
  WriteLogprobs(delta.logprobs, json);
  json.Key("finish_reason");
  delta.finish == nullptr ? json.Value(nullptr) : json.Value(delta.finish);
  if (options_.token_ids) WriteTokenIds(delta.token_ids, json);
  json.EndObject().EndArray();
  if (last) {
    json.Key("candor");
    tally_.WriteCandor(head_.seed, json);
  }
  json.EndObject();
  return json.Take();
}

std::string ChatResponse::ProgressChunk(uint32_t choice, const JobProgress& progress) const {
  JsonWriter json;
  json.BeginObject();
  WriteHead("chat.completion.chunk", json);
  json.Key("choices").BeginArray().BeginObject().Member("index", choice);
  json.Key("delta").BeginObject().EndObject();
  json.Member("logprobs", nullptr).Member("finish_reason", nullptr).EndObject().EndArray();
  json.Key("prompt_progress").BeginObject().Member("queue_position", progress.queue_position);
  json.Member("processed", progress.done).Member("total", progress.total).EndObject().EndObject();
  return json.Take();
}

std::string ChatResponse::UsageChunk() const {
  JsonWriter json;
  json.BeginObject();
  WriteHead("chat.completion.chunk", json);
  json.Key("choices").BeginArray().EndArray().Key("usage");
  tally_.WriteUsage(json);
  json.EndObject();
  return json.Take();
}

std::string ChatResponse::Whole() const {
  CHECK(done() && !error() && !options_.stream);
  JsonWriter json;
  json.BeginObject();
  WriteHead("chat.completion", json);
  json.Key("choices").BeginArray();
  for (uint32_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    json.BeginObject().Member("index", i).Key("message").BeginObject().Member("role", "assistant").Key("content");
    choice.content.empty() && !choice.calls.empty() ? json.Value(nullptr) : json.Value(choice.content);
    json.Member("refusal", nullptr);
    if (choice.reasoned) WriteReasoning(choice.reasoning, json);
    if (!choice.calls.empty()) {
      json.Key("tool_calls").BeginArray();
      for (size_t k = 0; k < choice.calls.size(); ++k) {
        json.BeginObject().Member("id", CallId(i, k)).Member("type", "function");
        json.Key("function").BeginObject().Member("name", choice.calls[k].name);
        json.Member("arguments", choice.calls[k].arguments).EndObject().EndObject();
      }
      json.EndArray();
    }
    json.EndObject();
    WriteLogprobs(choice.logprobs, json);
    json.Member("finish_reason", choice.finish);
    if (options_.token_ids) WriteTokenIds(choice.token_ids, json);
    json.EndObject();
  }
  json.EndArray().Key("usage");
  tally_.WriteUsage(json);
  json.Key("candor");
  tally_.WriteCandor(head_.seed, json);
  json.EndObject();
  return json.Take();
}

}  // namespace candor
