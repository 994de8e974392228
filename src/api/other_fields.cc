// The tables of the requests beside chat completions.
#include "api/fields.h"
#include "api/generation_fields.h"

namespace candor {
namespace shapes {
namespace {

constexpr Shape kPromptText = {.kinds = Shape::kString, .min_length = 1};
constexpr Shape kPromptTexts = {.kinds = Shape::kArray, .min_items = 1, .max_items = 128, .items = &kPromptText};
constexpr Shape kPromptLists = {.kinds = Shape::kArray, .min_items = 1, .max_items = 128, .items = &kSomeTokenIds};
constexpr const Shape* kPromptForms[] = {&kPromptText, &kPromptTexts, &kSomeTokenIds, &kPromptLists};
constexpr Shape kPrompt = {.any_of = kPromptForms};
constexpr Shape kLogprobs = {.kinds = Shape::kInteger, .min = 0, .max = 20};
constexpr Shape kEmptyText = {.kinds = Shape::kString, .max_length = 0};

constexpr auto kCompletionOwnFields = std::to_array<Field>({
    kModelField,
    Required("prompt", kPrompt,
             "What to go on with: a text, in which special tokens may be written, or the numbers of its tokens; or a "
             "list of either. With several prompts, choice i * n + k is the k-th answer to prompt i."),
    Honoured("max_tokens", kTokenLimit, "At most so many tokens.", "16"),
    Honoured("max_completion_tokens", kTokenLimit, "Another name of `max_tokens`."),
    Honoured("logprobs", kLogprobs,
             "Tokens come with their log-probabilities, and those of so many of the most likely ones."),
    Honoured("echo", kBool,
             "The text of the prompt comes before that of the answer. Not with tokens as the prompt, "
             "nor with `logprobs`.",
             "false"),
});
constexpr auto kCompletionRefusals = std::to_array<Field>({
    Refused("suffix", kEmptyText, "text is not filled in between others yet."),
    Refused("best_of", kOnlyOne, "use `n`."),
    Refused("add_special_tokens", kOnlyTrue, "a text begins as the model wants it; give tokens where it should not."),
    Refused("prompt_embeds", kNull, "prompts are texts or tokens."),
});
constexpr auto kCompletionFields =
    Join(kCompletionOwnFields, kSamplingApiFields, kGenerationHints, kCompletionRefusals, kGenerationRefusals);

constexpr Shape kInputTexts = {.kinds = Shape::kArray, .min_items = 1, .max_items = 2048, .items = &kPromptText};
constexpr Shape kInputLists = {.kinds = Shape::kArray, .min_items = 1, .max_items = 2048, .items = &kSomeTokenIds};
constexpr const Shape* kInputForms[] = {&kPromptText, &kInputTexts, &kSomeTokenIds, &kInputLists};
constexpr Shape kInput = {.any_of = kInputForms};
constexpr const char* kEncodings[] = {"float", "base64"};
constexpr Shape kEncoding = {.kinds = Shape::kString, .words = kEncodings};
constexpr Shape kDimensions = {.kinds = Shape::kInteger, .min = 1, .max = kMaxTokenId};
constexpr Field kEmbeddingFields[] = {
    kModelField,
    Required("input", kInput, "A text or the numbers of its tokens, or a list of either."),
    Honoured("encoding_format", kEncoding, "Numbers, or their 32-bit floats, little endian, in base64.", "\"float\""),
    Honoured("dimensions", kDimensions, "Must be the model's own: vectors are not cut.", "the model's own"),
    Hint("user", "keys tell users apart."),
    Hint("metadata", "nothing is stored."),
    Hint("keep_alive", "models leave when memory is needed, or by the server's own setting."),
    Hint("priority", "users take turns."),
    Refused("input_type", kNull, "write into the text what the model wants before it."),
    Refused("task", kNull, "write into the text what the model wants before it."),
    Refused("truncate", kOnlyFalse, "a text that is too long is an error: nothing is cut off in silence."),
    Refused("truncate_prompt_tokens", kNull, "a text that is too long is an error: nothing is cut off in silence."),
};

constexpr Shape kTokenizeText = {.kinds = Shape::kString, .max_length = 1u << 20};
constexpr Field kTokenizeFields[] = {
    kModelField,
    Required("text", kTokenizeText, "The text: at most 250,000 tokens."),
    Honoured("add_special", kBool, "Begins as the model wants it (with BOS, mostly).", "false"),
    Honoured("parse_special", kBool, "Special tokens that are written in the text count.", "false"),
};
constexpr Field kDetokenizeFields[] = {
    kModelField,
    Required("tokens", kTokenIds, "The numbers of the tokens."),
};

}  // namespace
}  // namespace shapes

constexpr Shape kCompletionRequest = {
    .kinds = Shape::kObject, .fields = shapes::kCompletionFields, .null_is_absent = true, .name = "CompletionRequest"};
constexpr Shape kEmbeddingRequest = {
    .kinds = Shape::kObject, .fields = shapes::kEmbeddingFields, .null_is_absent = true, .name = "EmbeddingRequest"};
constexpr Shape kTokenizeRequest = {
    .kinds = Shape::kObject, .fields = shapes::kTokenizeFields, .null_is_absent = true, .name = "TokenizeRequest"};
constexpr Shape kDetokenizeRequest = {
    .kinds = Shape::kObject, .fields = shapes::kDetokenizeFields, .null_is_absent = true, .name = "DetokenizeRequest"};
constexpr Shape kCloseThoughtRequest = {.kinds = Shape::kObject, .name = "CloseThoughtRequest"};

}  // namespace candor
