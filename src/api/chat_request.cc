#include "api/chat_request.h"

#include <utility>

#include "api/chat_messages.h"
#include "api/think_fields.h"

namespace candor {
namespace {

Conversation ReadConversation(const JsonValue& body) {
  ChatMessages chat = ReadChatMessages(body);
  Conversation conversation;
  conversation.messages = std::move(chat.messages);
  conversation.continue_last = chat.continue_last;
  const JsonValue* given = FieldReader(body).Get("chat_template_kwargs");
  JsonValue variables = given == nullptr ? JsonValue() : *given;
  conversation.think = ReadThinkFields(body, variables);
  if (const JsonObject* members = variables.object(); members != nullptr && !members->empty()) {
    // These are what the request itself says elsewhere.
    for (const char* name : {"messages", "tools", "add_generation_prompt"}) {
      if (variables.Find(name) == nullptr) continue;
      throw RequestError(InvalidField(std::string("chat_template_kwargs.") + name, "unsupported_parameter",
                                      "write it beside `model`"));
    }
    conversation.template_variables = JsonText(variables);
  }
  return conversation;
}

}  // namespace

ChatRequest ParseChatRequest(std::string_view body) {
  ChatRequest request;
  const JsonValue json = ParseRequest(body, kChatRequest, request.ignored);
  const FieldReader reader(json);
  request.model = *reader.String("model");
  ReadGenerationFields(json, request.job, request.seed_given, request.options);
  request.options.reasoning = ReadShowsReasoning(json);
  request.options.logprobs = reader.Flag("logprobs");
  const auto top = reader.Integer("top_logprobs");
  if (top.value_or(0) > 0 && !request.options.logprobs) {
    throw RequestError(Contradiction("logprobs", "top_logprobs", "the latter needs `\"logprobs\": true`"));
  }
  if (request.options.logprobs) request.job.logprobs = static_cast<uint32_t>(top.value_or(0));
  request.job.input = ReadConversation(json);
  return request;
}

RenderRequest ParseRenderRequest(std::string_view body) {
  RenderRequest request;
  const JsonValue json = ParseRequest(body, kRenderRequest, request.ignored);
  request.model = *FieldReader(json).String("model");
  request.conversation = ReadConversation(json);
  return request;
}

}  // namespace candor
