#include "ipc/answer_job.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "chat/jinja/json.h"
#include "chat/thinking_control.h"

namespace candor {
namespace {

jinja::Value Variables(const std::string& json) {
  if (json.empty()) return {};
  jinja::Value value = jinja::ParseJson(json, "chat_template_kwargs");
  if (!value.is(jinja::Kind::kDict)) throw UsageError("chat_template_kwargs: must be an object");
  return value;
}

PreparedRequest Prepare(const JobInput& input, const Dialogue& dialogue) {
  if (const auto* text = std::get_if<RawText>(&input)) return dialogue.Continue(*text);
  if (const auto* tokens = std::get_if<RawTokens>(&input)) return dialogue.Continue(*tokens);
  const auto& conversation = std::get<Conversation>(input);
  if (!dialogue.can_chat()) throw TemplateError("this model has no chat template: use /v1/completions");
  return dialogue.Prepare(conversation.messages, {.think = conversation.think,
                                                  .now = conversation.now,
                                                  .variables = Variables(conversation.template_variables),
                                                  .continue_last = conversation.continue_last});
}

// The bytes that a token adds to a text, or its name in the vocabulary where it adds none.
std::string BytesOrName(const Tokenizer& tokenizer, TokenId id) {
  return std::string(tokenizer.IsControl(id) ? tokenizer.Piece(id) : SpelledBytes(tokenizer, id));
}

}  // namespace

PreparedRequest PrepareInput(const JobInput& input, const Dialogue& dialogue) {
  try {
    return Prepare(input, dialogue);
  } catch (const FormatError& error) {
    throw UsageError(error.what());  // what the client has sent is not what its form says
  }
}

PreparedAnswer PrepareAnswer(const GenerateMessage& message, const LanguageModel& model, const Dialogue& dialogue) {
  PreparedAnswer answer;
  answer.request = PrepareInput(message.input, dialogue).request;
  Request& request = answer.request;
  request.user = message.user;
  request.sampling = Resolve(message.sampling, model.sampling());
  request.seed = message.seed;
  if (!message.answer_prefix.empty()) {
    // All of an answer's tokens so far, those included that were put there.
    if (request.resumed.empty()) request.forced_prefix.clear();
    request.resumed.insert(request.resumed.end(), message.answer_prefix.begin(), message.answer_prefix.end());
  }
  if (message.max_tokens) {
    const uint64_t most = uint64_t{*message.max_tokens} + request.resumed.size();
    request.max_tokens = static_cast<uint32_t>(std::min<uint64_t>(most, UINT32_MAX));
  }
  request.logprobs = message.logprobs;
  if (message.ignore_end) request.end_tokens.clear();
  answer.text.continues = !std::holds_alternative<Conversation>(message.input);
  answer.text.stop = message.stop;
  return answer;
}

AnswerChoice::AnswerChoice(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& text)
    : tokenizer_(tokenizer),
      logprobs_(request.logprobs.has_value()),
      resumed_(static_cast<uint32_t>(request.resumed.size())),
      generation_(tokenizer, request, text) {}

void AnswerChoice::Add(const Event& event, JobOutput& output, std::vector<decltype(JobEvent::what)>& events) {
  const auto* token = std::get_if<TokenOutput>(&event.what);
  // What the client has already goes through the text, whose state depends on it, and is not told again.
  const bool told_before = token != nullptr && seen_++ < resumed_;
  if (token != nullptr && !told_before && !generation_.stopped()) output.tokens.push_back(Describe(*token));
  for (TextEvent& text : generation_.Add(event)) {
    if (const auto* finished = std::get_if<TextFinished>(&text)) {
      JobFinished end{.reason = finished->reason, .usage = finished->usage, .prefix_tokens = std::min(seen_, resumed_)};
      if (const auto& divergence = finished->usage.divergence) {
        end.divergence = {divergence->position, ToValidUtf8(BytesOrName(tokenizer_, divergence->remembered)),
                          ToValidUtf8(BytesOrName(tokenizer_, divergence->given))};
      }
      events.emplace_back(std::move(end));
    } else if (const auto* failed = std::get_if<TextFailed>(&text)) {
      events.emplace_back(JobFailed{Refusal::kInternal, failed->message});
    } else if (!told_before) {
      if (auto* reasoning = std::get_if<ReasoningText>(&text)) {
        output.texts.push_back({.role = TokenRole::kReasoning, .text = std::move(reasoning->text)});
      } else if (auto* answer = std::get_if<AnswerText>(&text)) {
        output.texts.push_back({.role = TokenRole::kAnswer, .text = std::move(answer->text)});
      } else if (auto* call = std::get_if<ToolCallText>(&text)) {
        output.texts.push_back({TokenRole::kToolCall, std::move(call->text), call->call, std::move(call->recipient)});
      }
    }
  }
}

OutputToken AnswerChoice::Describe(const TokenOutput& output) const {
  OutputToken token{.id = output.token, .role = output.role, .forced = output.forced, .logprob = output.logprob};
  if (!logprobs_ || output.forced) return token;
  token.bytes = BytesOrName(tokenizer_, output.token);
  token.named = tokenizer_.IsControl(output.token);
  for (const TokenLogprob& likely : output.top) {
    token.top.push_back({.id = likely.token,
                         .bytes = BytesOrName(tokenizer_, likely.token),
                         .logprob = likely.logprob,
                         .named = tokenizer_.IsControl(likely.token)});
  }
  return token;
}

}  // namespace candor
