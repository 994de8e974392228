#include "api/completion_request.h"

#include <algorithm>

#include "api/text_inputs.h"

namespace candor {

CompletionRequest ParseCompletionRequest(std::string_view body) {
  CompletionRequest request;
  const JsonValue json = ParseRequest(body, kCompletionRequest, request.ignored);
  const FieldReader reader(json);
  request.model = *reader.String("model");
  request.prompts = ReadTextInputs(*reader.Get("prompt"));
  ReadGenerationFields(json, request.job, request.seed_given, request.options);
  if (!request.job.max_tokens) request.job.max_tokens = kDefaultCompletionTokens;
  if (const auto top = reader.Integer("logprobs")) {
    request.options.logprobs = true;
    request.job.logprobs = static_cast<uint32_t>(*top);
  }
  if (request.prompts.size() * request.job.choices > kMaxCompletionChoices) {
    throw RequestError(InvalidField("n", "invalid_value",
                                    std::to_string(request.prompts.size()) + " prompts with " +
                                        std::to_string(request.job.choices) + " answers each, at most " +
                                        std::to_string(kMaxCompletionChoices) + " answers expected"));
  }
  request.echo = reader.Flag("echo");
  if (!request.echo) return request;
  if (request.options.logprobs) {
    throw RequestError(Contradiction("echo", "logprobs", "those of the prompt are not computed"));
  }
  if (std::ranges::any_of(request.prompts,
                          [](const auto& prompt) { return std::holds_alternative<RawTokens>(prompt); })) {
    throw RequestError(Contradiction("prompt", "echo", "only a prompt given as text is shown; see /v1/detokenize"));
  }
  return request;
}

}  // namespace candor
