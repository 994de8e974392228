// The table of POST /v1/chat/completions, and of /v1/render, which takes the same.
#include "api/fields.h"
#include "api/generation_fields.h"

namespace candor {
namespace shapes {
namespace {

// ---- messages
constexpr const char* kPartTypes[] = {"text"};
constexpr Shape kPartType = {.kinds = Shape::kString, .words = kPartTypes};
constexpr Field kPartFields[] = {Required("type", kPartType, "Only text is read."),
                                 Required("text", kText, "The text.")};
constexpr Shape kPart = {.kinds = Shape::kObject, .fields = kPartFields, .others = &kAny, .name = "TextPart"};
constexpr Shape kParts = {.kinds = Shape::kArray, .max_items = 4096, .items = &kPart};
constexpr const Shape* kContentForms[] = {&kText, &kParts, &kNull};
constexpr Shape kContent = {.any_of = kContentForms};

constexpr const Shape* kArgumentForms[] = {&kText, &kAnyObject};
constexpr Shape kArguments = {.any_of = kArgumentForms};
constexpr Field kFunctionFields[] = {
    Required("name", kText, "The tool."),
    Honoured("arguments", kArguments, "A JSON object, as text or as itself.", "{}"),
};
constexpr Shape kFunction = {.kinds = Shape::kObject,
                             .fields = kFunctionFields,
                             .others = &kAny,
                             .null_is_absent = true,
                             .name = "CalledFunction"};
constexpr const char* kCallTypes[] = {"function"};
constexpr Shape kCallType = {.kinds = Shape::kString, .words = kCallTypes};
constexpr Field kCallFields[] = {
    Honoured("id", kText, "By which a tool's answer refers to the call."),
    Honoured("type", kCallType, "The kind of tool.", "\"function\""),
    Required("function", kFunction, "What was called."),
};
constexpr Shape kCall = {
    .kinds = Shape::kObject, .fields = kCallFields, .others = &kAny, .null_is_absent = true, .name = "PastToolCall"};
constexpr Shape kCalls = {.kinds = Shape::kArray, .max_items = 1024, .items = &kCall};

constexpr const char* kRoles[] = {"system", "developer", "user", "assistant", "tool", "function"};
constexpr Shape kRole = {.kinds = Shape::kString, .words = kRoles};
constexpr Field kMessageFields[] = {
    Required("role", kRole,
             "Who speaks. `developer` is `system` and `function` is `tool`: the names that templates know."),
    Honoured("content", kContent,
             "Text, or parts whose texts are joined with a line end. May only be null for the assistant. A thought "
             "between `<think>` and `</think>` at the beginning of the assistant's is taken for `reasoning_content`."),
    Honoured("reasoning_content", kText,
             "The thought before the assistant's answer: the template decides what of it the model sees."),
    Honoured("reasoning", kText, "Another name of `reasoning_content`."),
    Honoured("thinking", kText, "Another name of `reasoning_content`."),
    Honoured("tool_calls", kCalls, "The assistant's calls of tools."),
    Honoured("tool_call_id", kText, "The call that a tool answers."),
    Honoured("name", kText, "Given to the template."),
    Honoured("prefix", kBool, "In the last message, the assistant's: as `continue_final_message`.", "false"),
    Honoured("partial", kBool, "Another name of `prefix`.", "false"),
    Refused("function_call", kNull, "use `tool_calls`."),
    Refused("audio", kNull, "only text is read."),
    Refused("images", kEmptyList, "only text is read."),
};
constexpr Shape kMessage = {
    .kinds = Shape::kObject, .fields = kMessageFields, .others = &kAny, .null_is_absent = true, .name = "Message"};
constexpr Shape kMessages = {.kinds = Shape::kArray, .min_items = 1, .max_items = 65536, .items = &kMessage};

// ---- reasoning
constexpr Shape kEffort = {.kinds = Shape::kString, .words = kEffortWords};
constexpr Shape kBudget = {.kinds = Shape::kInteger, .min = 0, .max = kMaxTokenId};
constexpr Shape kBudgetOrNone = {.kinds = Shape::kInteger, .min = -1, .max = kMaxTokenId};
constexpr Field kReasoningFields[] = {
    Honoured("effort", kEffort, "As `reasoning_effort`."),
    Honoured("max_tokens", kBudget, "As `thinking_token_budget`."),
    Honoured("enabled", kBool, "Whether to reason."),
    Honoured("exclude", kBool, "The reasoning is not reported. It is counted.", "false"),
    Hint("summary", "reasoning is shown whole."),
    Hint("generate_summary", "reasoning is shown whole."),
};
constexpr Shape kReasoning = {
    .kinds = Shape::kObject, .fields = kReasoningFields, .null_is_absent = true, .name = "ReasoningSetting"};
constexpr const char* kThinkingTypes[] = {"enabled", "disabled", "adaptive", "auto"};
constexpr Shape kThinkingType = {.kinds = Shape::kString, .words = kThinkingTypes};
constexpr Field kThinkingFields[] = {
    Required("type", kThinkingType, "Whether to reason; `adaptive` and `auto` leave it to the model."),
    Honoured("budget_tokens", kBudget, "As `thinking_token_budget`."),
    Hint("display", "reasoning is shown whole."),
};
constexpr Shape kThinkingObject = {
    .kinds = Shape::kObject, .fields = kThinkingFields, .null_is_absent = true, .name = "ThinkingSetting"};
constexpr const Shape* kThinkingForms[] = {&kBool, &kThinkingObject};
constexpr Shape kThinking = {.any_of = kThinkingForms};
constexpr const Shape* kThinkForms[] = {&kBool, &kEffort};
constexpr Shape kThink = {.any_of = kThinkForms};
constexpr const char* kFormatWords[] = {"auto", "deepseek", "parsed", "hidden"};
constexpr Shape kReasoningFormat = {.kinds = Shape::kString, .words = kFormatWords};
constexpr Shape kTemplateVariables = {.kinds = Shape::kObject, .others = &kAnyPassedOn, .max_members = 256};

constexpr auto kConversationFields = std::to_array<Field>({
    kModelField,
    Required("messages", kMessages, "The conversation."),
    Honoured("continue_final_message", kBool,
             "The answer goes on with the last message, the assistant's: with its content, or inside its thought when "
             "it has reasoning and no content.",
             "false"),
    Honoured(
        "add_generation_prompt", kBool,
        "Said beside `continue_final_message`, it is the opposite: an answer goes on with a message or begins one.",
        "the opposite of `continue_final_message`"),
    Honoured("chat_template_kwargs", kTemplateVariables,
             "Variables for the template. `enable_thinking`, `thinking` and `reasoning_effort` among them count as "
             "the fields of that name."),
});

constexpr auto kReasoningApiFields = std::to_array<Field>({
    Honoured("reasoning_effort", kEffort, "How much to reason (see the table of efforts).", "left to the model"),
    Honoured("reasoning", kReasoning, "The same settings as an object."),
    Honoured("thinking", kThinking, "Whether to reason, and how much at most."),
    Honoured("think", kThink, "Whether to reason, or an effort."),
    Honoured("enable_thinking", kBool, "Whether to reason."),
    Honoured("thinking_token_budget", kBudget,
             "At most so many tokens of reasoning, exactly: then the thought is closed. 0 closes it at once."),
    Honoured("thinking_budget", kBudgetOrNone, "As `thinking_token_budget`; -1 is no limit."),
    Honoured("thinking_budget_tokens", kBudgetOrNone, "As `thinking_token_budget`; -1 is no limit."),
    Honoured("reasoning_budget_tokens", kBudgetOrNone, "As `thinking_token_budget`; -1 is no limit."),
    Honoured("reasoning_budget", kBudgetOrNone, "As `thinking_token_budget`; -1 is no limit."),
    Honoured("include_reasoning", kBool, "False: the reasoning is not reported. It is counted.", "true"),
    Honoured("reasoning_format", kReasoningFormat,
             "Reasoning is always apart from the content; `hidden` does not report it.", "\"auto\""),
});

constexpr Shape kTopLogprobs = {.kinds = Shape::kInteger, .min = 0, .max = 20};
constexpr auto kChatLimits = std::to_array<Field>({
    Honoured("max_completion_tokens", kTokenLimit, "At most so many tokens, reasoning included.",
             "until the context is full"),
    Honoured("max_tokens", kTokenLimit, "Another name of `max_completion_tokens`."),
    Honoured("logprobs", kBool, "Tokens come with their log-probabilities, as the model gave them.", "false"),
    Honoured("top_logprobs", kTopLogprobs, "With `logprobs`: so many of the most likely tokens in each place.", "0"),
});

constexpr const char* kNoToolWords[] = {"none", "auto"};
constexpr Shape kNoTool = {.kinds = Shape::kString, .words = kNoToolWords};
constexpr Shape kTextModality = {.kinds = Shape::kString, .words = kTextWord};
constexpr Shape kTextModalities = {.kinds = Shape::kArray, .items = &kTextModality};
constexpr auto kChatHints = std::to_array<Field>({
    Hint("parallel_tool_calls", "no tools are offered to the model."),
    Hint("verbosity", "say it in a message."),
    Hint("prediction", "whether an answer was foreseen does not change it."),
    Hint("parse_tool_calls", "calls are always told apart."),
});
constexpr auto kChatRefusals = std::to_array<Field>({
    Refused("tools", kEmptyList, "tools are not offered to models yet."),
    Refused("tool_choice", kNoTool, "tools are not offered to models yet."),
    Refused("functions", kEmptyList, "tools are not offered to models yet."),
    Refused("function_call", kNoTool, "tools are not offered to models yet."),
    Refused("modalities", kTextModalities, "answers are text."),
    Refused("audio", kNull, "answers are text."),
    Refused("web_search_options", kNull, "nothing leaves this machine."),
    Refused("search_parameters", kNull, "nothing leaves this machine."),
    Refused("documents", kEmptyList, "write them into a message."),
    Refused("chat_template", kNull, "the model's own template is used."),
    Refused("chat_template_content_format", kNull, "the model's own template is used."),
    Refused("echo", kOnlyFalse, "/v1/render shows the prompt."),
    Refused("add_special_tokens", kOnlyFalse, "the template writes them."),
    Refused("best_of", kOnlyOne, "use `n`."),
    Refused("safe_prompt", kOnlyFalse, "write it into a system message."),
    Refused("mm_processor_kwargs", kNull, "only text is read."),
});

constexpr auto kFields = Join(kConversationFields, kChatLimits, kReasoningApiFields, kSamplingApiFields, kChatHints,
                              kGenerationHints, kChatRefusals, kGenerationRefusals);

}  // namespace
}  // namespace shapes

constexpr Shape kChatRequest = {
    .kinds = Shape::kObject, .fields = shapes::kFields, .null_is_absent = true, .name = "ChatCompletionRequest"};
constexpr Shape kRenderRequest = {
    .kinds = Shape::kObject, .fields = shapes::kFields, .null_is_absent = true, .name = "RenderRequest"};

}  // namespace candor
