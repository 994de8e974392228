// The input is the body of a chat completion.
#include "api/chat_request.h"
#include "fuzz/request_fuzz.h"

namespace candor {
namespace {

void CheckConversation(const Conversation& conversation) {
  CHECK(!conversation.messages.empty());
  for (const Message& message : conversation.messages) {
    CHECK(message.role == "system" || message.role == "user" || message.role == "assistant" || message.role == "tool");
    CHECK(message.role == "assistant" || (message.content && !message.reasoning_content && message.tool_calls.empty()));
    CHECK(IsValidUtf8(message.content.value_or("")) && IsValidUtf8(message.reasoning_content.value_or("")));
    for (const ToolCall& call : message.tool_calls) CHECK(ParseJson(call.arguments, "fuzz").object() != nullptr);
  }
  if (conversation.continue_last) CHECK(conversation.messages.back().role == "assistant");
  const ThinkSetting& think = conversation.think;
  CHECK(think.mode == ThinkMode::kOn || (!think.budget && !think.effort));
  if (!conversation.template_variables.empty()) {
    CHECK(ParseJson(conversation.template_variables, "fuzz").object() != nullptr);
  }
}

void Fuzz(std::string_view body) {
  const ChatRequest request = ParseChatRequest(body);
  CHECK(!request.model.empty());
  const GenerateMessage& job = request.job;
  CHECK(job.choices >= 1 && job.choices <= 128);
  CHECK(!job.max_tokens || *job.max_tokens >= 1);
  CHECK(job.logprobs.has_value() == request.options.logprobs && job.logprobs.value_or(0) <= 20);
  CHECK(job.stop.size() <= 16);
  for (const std::string& stop : job.stop) CHECK(!stop.empty() && stop.size() <= 1024);
  for (const TokenId token : job.answer_prefix) CHECK(token >= 0);
  for (const LogitBias& bias : job.sampling.logit_bias) CHECK(bias.token >= 0 && bias.bias >= -100 && bias.bias <= 100);
  SamplingOverrides numbers = job.sampling;
  numbers.logit_bias.clear();
  ValidateSampling(Resolve(numbers, {}), 1);
  CheckConversation(std::get<Conversation>(job.input));
  CheckConversation(ParseRenderRequest(body).conversation);
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  candor::CheckRefusal([&] { candor::Fuzz({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
