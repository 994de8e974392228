// The tables of what is sent.
#include "api/field_shapes.h"
#include "api/fields.h"

namespace candor {
namespace shapes {
namespace {

constexpr Shape kTexts = {.kinds = Shape::kArray, .items = &kText};
constexpr Shape kCounts = {.kinds = Shape::kArray, .items = &kCount};
constexpr Shape kNumbers = {.kinds = Shape::kArray, .items = &kNumber};
constexpr Shape kByte = {.kinds = Shape::kInteger, .min = 0, .max = 255};
constexpr Shape kBytesOrNull = {.kinds = Shape::kArray | Shape::kNull, .items = &kByte};
constexpr Shape kSentTokens = {.kinds = Shape::kArray, .items = &kTokenId};

// ---- log-probabilities of a chat
constexpr Field kLikelyFields[] = {
    Required("token", kText, "The token as text, or its name in the vocabulary."),
    Required("token_id", kTokenId, "Its number."),
    Required("logprob", kNumber, "Natural logarithm of its probability, before any sampler; the bits are exact."),
    Required("bytes", kBytesOrNull,
             "Its bytes: a character may be divided over tokens. Null for a control token, which is no text."),
};
constexpr Shape kLikely = {.kinds = Shape::kObject, .fields = kLikelyFields, .name = "LikelyToken"};
constexpr Shape kLikelies = {.kinds = Shape::kArray, .items = &kLikely};
constexpr Field kEntryFields[] = {
    kLikelyFields[0],
    kLikelyFields[1],
    kLikelyFields[2],
    kLikelyFields[3],
    Required("top_logprobs", kLikelies, "The most likely tokens in its place."),
};
constexpr Shape kEntry = {.kinds = Shape::kObject, .fields = kEntryFields, .name = "TokenLogprob"};
constexpr Shape kEntries = {.kinds = Shape::kArray, .items = &kEntry};
constexpr Field kLogprobFields[] = {
    Required("content", kEntries, "Of the tokens of the answer."),
    Required("refusal", kNull, "Always null."),
    Honoured("reasoning_content", kEntries, "Of the tokens of the reasoning."),
    Honoured("tool_calls", kEntries, "Of the tokens of calls."),
};
constexpr Shape kLogprobObject = {.kinds = Shape::kObject, .fields = kLogprobFields, .name = "ChatLogprobs"};
constexpr const Shape* kLogprobForms[] = {&kLogprobObject, &kNull};
constexpr Shape kLogprobs = {.any_of = kLogprobForms};

// ---- usage
constexpr Field kPromptDetailFields[] = {Required("cached_tokens", kCount, "That were computed before.")};
constexpr Shape kPromptDetails = {.kinds = Shape::kObject, .fields = kPromptDetailFields};
constexpr Field kCompletionDetailFields[] = {Required("reasoning_tokens", kCount, "Of thoughts, exactly.")};
constexpr Shape kCompletionDetails = {.kinds = Shape::kObject, .fields = kCompletionDetailFields};
constexpr Field kUsageFields[] = {
    Required("prompt_tokens", kCount, "Of the prompt, once however many choices, and of what the answer began with."),
    Required("completion_tokens", kCount, "Generated now, in all choices: answers, reasoning, and their marks."),
    Required("total_tokens", kCount, "Both."),
    Required("prompt_tokens_details", kPromptDetails, "Of `prompt_tokens`."),
    Required("completion_tokens_details", kCompletionDetails, "Of `completion_tokens`."),
    Required("prompt_cache_hit_tokens", kCount, "The same as `cached_tokens`."),
    Required("prompt_cache_miss_tokens", kCount, "The rest of `prompt_tokens`."),
};
constexpr Shape kUsage = {.kinds = Shape::kObject, .fields = kUsageFields, .name = "Usage"};

// ---- candor
constexpr Field kDivergenceFields[] = {
    Required("position", kCount, "Of the first token that differs, from 0."),
    Required("cached", kText, "The token there in what was computed before."),
    Required("given", kText, "The token there in this prompt."),
};
constexpr Shape kDivergence = {.kinds = Shape::kObject, .fields = kDivergenceFields, .name = "CacheDivergence"};
constexpr const Shape* kDivergenceForms[] = {&kDivergence, &kNull};
constexpr Shape kDivergenceOrNull = {.any_of = kDivergenceForms};
constexpr Field kTimingFields[] = {
    Required("first_token_seconds", kNumber, "From the request's admission to its first token."),
    Required("prefill_seconds", kNumber, "Spent on the prompt."),
    Required("decode_seconds", kNumber, "From the first token to the last."),
    Required("prefill_tokens_per_second", kNumber, "Of the prompt's tokens that were computed."),
    Required("decode_tokens_per_second", kNumber, "Of the answers' tokens, all choices together."),
};
constexpr Shape kTimings = {.kinds = Shape::kObject, .fields = kTimingFields, .name = "Timings"};
constexpr Field kCandorFields[] = {
    Required("seed", kCount, "With which the answer can be had again."),
    Required("reused_tokens", kCount, "Of the prompt, computed before."),
    Required("divergence", kDivergenceOrNull, "Where a longer beginning could have been reused: why it was not."),
    Required("prefix_tokens", kCount, "Of `prompt_tokens`, those that the answer was told to begin with."),
    Required("forced_tokens", kCount, "Put there and not sampled: marks of a thought that was begun or closed."),
    Required("timings", kTimings, "By the wall clock; no part of the answer."),
};
constexpr Shape kCandor = {.kinds = Shape::kObject, .fields = kCandorFields, .name = "CandorReport"};
constexpr Field kProgressFields[] = {
    Required("queue_position", kCount, "Its place in the queue: 1 is the next to begin, 0 is being computed."),
    Required("processed", kCount, "Tokens of the prompt that are there."),
    Required("total", kCount, "Tokens of the prompt."),
};
constexpr Shape kProgress = {.kinds = Shape::kObject, .fields = kProgressFields, .name = "PromptProgress"};

// ---- chat
constexpr const char* kAssistantWord[] = {"assistant"};
constexpr Shape kAssistant = {.kinds = Shape::kString, .words = kAssistantWord};
constexpr const char* kFunctionWord[] = {"function"};
constexpr Shape kFunctionType = {.kinds = Shape::kString, .words = kFunctionWord};
constexpr Field kFunctionFields[] = {Required("name", kText, "The tool."),
                                     Required("arguments", kText, "JSON, as the model wrote it.")};
constexpr Shape kFunction = {.kinds = Shape::kObject, .fields = kFunctionFields};
constexpr Field kCallFields[] = {
    Required("id", kText, "Of the call."),
    Required("type", kFunctionType, "The kind of tool."),
    Required("function", kFunction, "What is called."),
};
constexpr Shape kCall = {.kinds = Shape::kObject, .fields = kCallFields, .name = "ToolCall"};
constexpr Shape kCalls = {.kinds = Shape::kArray, .min_items = 1, .items = &kCall};
constexpr Field kFunctionDeltaFields[] = {Honoured("name", kText, "Whole, in a call's first delta alone."),
                                          Required("arguments", kText, "What is new of them.")};
constexpr Shape kFunctionDelta = {.kinds = Shape::kObject, .fields = kFunctionDeltaFields};
constexpr Field kCallDeltaFields[] = {
    Required("index", kCount, "Which call of the answer."),
    Honoured("id", kText, "In its first delta alone."),
    Honoured("type", kFunctionType, "In its first delta alone."),
    Required("function", kFunctionDelta, "What is called."),
};
constexpr Shape kCallDelta = {.kinds = Shape::kObject, .fields = kCallDeltaFields, .name = "ToolCallDelta"};
constexpr Shape kCallDeltas = {.kinds = Shape::kArray, .min_items = 1, .items = &kCallDelta};

constexpr const char* kFinishWords[] = {"stop", "length", "tool_calls"};
constexpr Shape kFinish = {.kinds = Shape::kString, .words = kFinishWords};
constexpr Shape kFinishOrNull = {.kinds = Shape::kString | Shape::kNull, .words = kFinishWords};
constexpr const char* kFinishSentence =
    "`stop`: the model ended its answer, or a stop string did; `length`: a limit of tokens or of the context did; "
    "`tool_calls`: it ended with a call.";

constexpr Field kMessageFields[] = {
    Required("role", kAssistant, "Always the assistant's."),
    Required("content", kTextOrNull, "The answer; null when there are only calls."),
    Required("refusal", kNull, "Always null: a model that refuses says so in its answer."),
    Honoured("reasoning_content", kText, "The reasoning, if there is any."),
    Honoured("reasoning", kText, "The same: some clients look for this name."),
    Honoured("tool_calls", kCalls, "Calls that the model made by itself."),
};
constexpr Shape kMessage = {.kinds = Shape::kObject, .fields = kMessageFields, .name = "AnswerMessage"};
constexpr Field kChoiceFields[] = {
    Required("index", kCount, "Which answer."),
    Required("message", kMessage, "The answer."),
    Required("logprobs", kLogprobs, "With `logprobs`."),
    Required("finish_reason", kFinish, kFinishSentence),
    Honoured("token_ids", kSentTokens, "With `return_token_ids`."),
};
constexpr Shape kChoice = {.kinds = Shape::kObject, .fields = kChoiceFields, .name = "ChatChoice"};
constexpr Shape kChoices = {.kinds = Shape::kArray, .items = &kChoice};

constexpr Field kDeltaFields[] = {
    Honoured("role", kAssistant, "In a choice's first chunk."),
    Honoured("content", kTextOrNull, "What is new of the answer."),
    Honoured("reasoning_content", kText, "What is new of the reasoning."),
    Honoured("reasoning", kText, "The same."),
    Honoured("tool_calls", kCallDeltas, "What is new of a call."),
};
constexpr Shape kDelta = {.kinds = Shape::kObject, .fields = kDeltaFields, .name = "ChatDelta"};
constexpr Field kChunkChoiceFields[] = {
    Required("index", kCount, "Which answer."),
    Required("delta", kDelta, "What is new."),
    Required("logprobs", kLogprobs, "With `logprobs`."),
    Required("finish_reason", kFinishOrNull, kFinishSentence),
    Honoured("token_ids", kSentTokens, "With `return_token_ids`."),
};
constexpr Shape kChunkChoice = {.kinds = Shape::kObject, .fields = kChunkChoiceFields, .name = "ChatChunkChoice"};
constexpr Shape kChunkChoices = {.kinds = Shape::kArray, .items = &kChunkChoice};

constexpr const char* kChatWord[] = {"chat.completion"};
constexpr Shape kChatObject = {.kinds = Shape::kString, .words = kChatWord};
constexpr const char* kChunkWord[] = {"chat.completion.chunk"};
constexpr Shape kChunkObject = {.kinds = Shape::kString, .words = kChunkWord};
constexpr const char* kTextWord[] = {"text_completion"};
constexpr Shape kTextObject = {.kinds = Shape::kString, .words = kTextWord};

constexpr Field kIdField = Required("id", kText, "Of the response; the same in all of its chunks.");
constexpr Field kCreatedField = Required("created", kCount, "Seconds since 1970.");
constexpr Field kRealModelField = Required("model", kText, "The model's own id, whatever alias it was asked for by.");
constexpr Field kFingerprintField = Required(
    "system_fingerprint", kText, "Version of the numerics and digest of the weights: equal ones give equal answers.");
constexpr Field kUsageField = Honoured("usage", kUsage, "What it cost.");
constexpr Field kCandorField =
    Honoured("candor", kCandor, "What was reused, and times; of a stream, in the last chunk with a choice.");
constexpr Field kProgressField = Honoured("prompt_progress", kProgress, "With `return_progress`.");

constexpr Field kChatFields[] = {
    kIdField,
    Required("object", kChatObject, "The kind of object."),
    kCreatedField,
    kRealModelField,
    kFingerprintField,
    Required("choices", kChoices, "The answers."),
    Required("usage", kUsage, "What it cost."),
    Required("candor", kCandor, "What was reused, and times."),
};
constexpr Field kChunkFields[] = {
    kIdField,          Required("object", kChunkObject, "The kind of object."),
    kCreatedField,     kRealModelField,
    kFingerprintField, Required("choices", kChunkChoices, "One; none in the last chunk of `include_usage`."),
    kUsageField,       kCandorField,
    kProgressField,
};

// ---- completions
constexpr Shape kProbabilities = {.kinds = Shape::kObject, .others = &kNumber};
constexpr Shape kProbabilityList = {.kinds = Shape::kArray, .items = &kProbabilities};
constexpr Field kTextLogprobFields[] = {
    Required("tokens", kTexts, "The tokens as text."),
    Required("token_logprobs", kNumbers, "Their log-probabilities."),
    Required("top_logprobs", kProbabilityList, "The most likely tokens in each place."),
    Required("text_offset", kCounts, "Where each begins in the answer, in characters."),
    Required("token_ids", kSentTokens, "Their numbers."),
};
constexpr Shape kTextLogprobObject = {.kinds = Shape::kObject, .fields = kTextLogprobFields, .name = "TextLogprobs"};
constexpr const Shape* kTextLogprobForms[] = {&kTextLogprobObject, &kNull};
constexpr Shape kTextLogprobs = {.any_of = kTextLogprobForms};
constexpr Field kTextChoiceFields[] = {
    Required("index", kCount, "Which answer: i * n + k for the k-th to prompt i."),
    Required("text", kText, "The answer; in a chunk what is new of it."),
    Required("logprobs", kTextLogprobs, "With `logprobs`."),
    Required("finish_reason", kFinishOrNull, kFinishSentence),
    Honoured("token_ids", kSentTokens, "With `return_token_ids`."),
};
constexpr Shape kTextChoice = {.kinds = Shape::kObject, .fields = kTextChoiceFields, .name = "TextChoice"};
constexpr Shape kTextChoices = {.kinds = Shape::kArray, .items = &kTextChoice};
constexpr Field kTextFields[] = {
    kIdField,
    Required("object", kTextObject, "The kind of object, of chunks too."),
    kCreatedField,
    kRealModelField,
    kFingerprintField,
    Required("choices", kTextChoices, "The answers; one in a chunk, none in the last of `include_usage`."),
    kUsageField,
    kCandorField,
    kProgressField,
};

// ---- the rest
constexpr const char* kListWord[] = {"list"};
constexpr Shape kListObject = {.kinds = Shape::kString, .words = kListWord};
constexpr const char* kEmbeddingWord[] = {"embedding"};
constexpr Shape kEmbeddingObject = {.kinds = Shape::kString, .words = kEmbeddingWord};
constexpr const Shape* kVectorForms[] = {&kNumbers, &kText};
constexpr Shape kVector = {.any_of = kVectorForms};
constexpr Field kEmbeddingFields[] = {
    Required("object", kEmbeddingObject, "The kind of object."),
    Required("index", kCount, "Which input."),
    Required("embedding", kVector, "The vector, as `encoding_format` says."),
};
constexpr Shape kEmbedding = {.kinds = Shape::kObject, .fields = kEmbeddingFields, .name = "Embedding"};
constexpr Shape kEmbeddings = {.kinds = Shape::kArray, .items = &kEmbedding};
constexpr Field kEmbeddingUsageFields[] = {
    Required("prompt_tokens", kCount, "Of all inputs."),
    Required("total_tokens", kCount, "The same."),
};
constexpr Shape kEmbeddingUsage = {.kinds = Shape::kObject, .fields = kEmbeddingUsageFields};
constexpr Field kEmbeddingListFields[] = {
    Required("object", kListObject, "The kind of object."),
    Required("data", kEmbeddings, "The vectors, in the order of the inputs."),
    kRealModelField,
    Required("usage", kEmbeddingUsage, "What it cost."),
};

constexpr const char* kModelWord[] = {"model"};
constexpr Shape kModelObject = {.kinds = Shape::kString, .words = kModelWord};
constexpr const char* kCapabilityWords[] = {"completion", "embedding", "chat", "reasoning"};
constexpr Shape kCapability = {.kinds = Shape::kString, .words = kCapabilityWords};
constexpr Shape kCapabilities = {.kinds = Shape::kArray, .items = &kCapability};
constexpr Field kMetaFields[] = {
    Required("n_ctx", kCount, "As `context_length`."),
    Required("n_ctx_train", kCount, "Tokens that the model was made for: `--ctx` or `--memory` may allow fewer."),
    Required("n_vocab", kCount, "Tokens of the vocabulary."),
    Required("n_embd", kCount, "Length of an embedding."),
    Required("n_params", kCount, "Parameters."),
    Required("size", kCount, "Bytes of the weights in memory."),
};
constexpr Shape kMeta = {.kinds = Shape::kObject, .fields = kMetaFields};
constexpr Field kModelFields[] = {
    Required("id", kText, "Its name in requests."),
    Required("object", kModelObject, "The kind of object."),
    Required("created", kCount, "Seconds since 1970: of its file."),
    Required("owned_by", kText, "Always `candor`."),
    Required("loaded", kBool, "Whether it is in memory now."),
    Required("aliases", kTexts, "Other names that mean it."),
    Honoured("context_length", kCount,
             "Tokens of prompt and answer at most. This and what follows is there once the model was loaded."),
    Honoured("max_model_len", kCount, "The same."),
    Honoured("capabilities", kCapabilities, "What it can be asked for."),
    Honoured("architecture", kText, "Its family."),
    Honoured("quantization", kText, "Format of its weights."),
    Honoured("sha256", kTexts, "Digests of its files, as they were read."),
    Honoured("meta", kMeta, "Sizes."),
};
constexpr Shape kModels = {.kinds = Shape::kArray, .items = &kModelEntry};
constexpr Field kModelListFields[] = {
    Required("object", kListObject, "The kind of object."),
    Required("data", kModels, "Those that the key may use."),
};

constexpr Field kTokenListFields[] = {
    kRealModelField,
    Required("tokens", kSentTokens, "Their numbers."),
    Required("count", kCount, "How many."),
    Required("pieces", kTexts, "As the vocabulary spells each."),
};
constexpr Field kTextDoneFields[] = {kRealModelField, Required("text", kText, "The text.")};
constexpr Field kPromptFields[] = {
    kRealModelField,
    Required("prompt", kText, "The exact text that the model sees."),
    Required("tokens", kSentTokens, "The numbers of its tokens."),
    Required("count", kCount, "How many."),
};
constexpr const char* kThoughtWord[] = {"chat.completion.thought"};
constexpr Shape kThoughtObject = {.kinds = Shape::kString, .words = kThoughtWord};
constexpr Field kThoughtFields[] = {
    Required("id", kText, "Of the completion."),
    Required("object", kThoughtObject, "The kind of object."),
    Required("status", kText, "`closing`: answers that are inside a thought go on behind it."),
};
constexpr Field kErrorFields[] = {
    Required("message", kText, "What is wrong, for a person."),
    Required("type", kText, "The kind of error."),
    Required("param", kTextOrNull, "The field, where it is one's fault."),
    Required("code", kText, "What is wrong, for a program."),
};
constexpr Shape kError = {.kinds = Shape::kObject, .fields = kErrorFields};
constexpr Field kErrorBodyFields[] = {Required("error", kError, "What is wrong.")};
constexpr Field kStateFields[] = {Required("status", kText, "A word.")};

}  // namespace
}  // namespace shapes

using namespace shapes;

constexpr Shape kChatCompletion = {.kinds = Shape::kObject, .fields = kChatFields, .name = "ChatCompletion"};
constexpr Shape kChatChunk = {.kinds = Shape::kObject, .fields = kChunkFields, .name = "ChatCompletionChunk"};
constexpr Shape kTextCompletion = {.kinds = Shape::kObject, .fields = kTextFields, .name = "TextCompletion"};
constexpr Shape kEmbeddingList = {.kinds = Shape::kObject, .fields = kEmbeddingListFields, .name = "EmbeddingList"};
constexpr Shape kModelEntry = {.kinds = Shape::kObject, .fields = kModelFields, .name = "Model"};
constexpr Shape kModelList = {.kinds = Shape::kObject, .fields = kModelListFields, .name = "ModelList"};
constexpr Shape kTokenList = {.kinds = Shape::kObject, .fields = kTokenListFields, .name = "TokenList"};
constexpr Shape kDetokenizedText = {.kinds = Shape::kObject, .fields = kTextDoneFields, .name = "DetokenizedText"};
constexpr Shape kRenderedPrompt = {.kinds = Shape::kObject, .fields = kPromptFields, .name = "RenderedPrompt"};
constexpr Shape kClosedThought = {.kinds = Shape::kObject, .fields = kThoughtFields, .name = "ClosedThought"};
constexpr Shape kErrorBody = {.kinds = Shape::kObject, .fields = kErrorBodyFields, .name = "Error"};
constexpr Shape kServerState = {.kinds = Shape::kObject, .fields = kStateFields, .name = "ServerState"};

}  // namespace candor
