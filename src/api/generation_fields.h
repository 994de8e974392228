// Fields that chat completions and completions share: how to sample, when to stop, what to report, and what other
// servers have beside that.
#ifndef CANDOR_API_GENERATION_FIELDS_H_
#define CANDOR_API_GENERATION_FIELDS_H_

#include "api/field_shapes.h"

namespace candor::shapes {

inline constexpr double kMaxSamplingCount = 1048576;  // of SamplingFields()

inline constexpr Shape kTokenLimit = {.kinds = Shape::kInteger, .min = 1, .max = kMaxTokenId};
inline constexpr Shape kTemperature = {.kinds = Shape::kNumber, .min = 0, .max = 10};
inline constexpr Shape kShare = {.kinds = Shape::kNumber, .min = 0, .max = 1};
inline constexpr Shape kTopK = {.kinds = Shape::kInteger, .min = -1, .max = kMaxSamplingCount};
inline constexpr Shape kRepetition = {.kinds = Shape::kNumber, .min = 0.1, .max = 10};
inline constexpr Shape kWindow = {.kinds = Shape::kInteger, .min = -1, .max = kMaxSamplingCount};
inline constexpr Shape kPenalty = {.kinds = Shape::kNumber, .min = -2, .max = 2};
inline constexpr Shape kBias = {.kinds = Shape::kNumber, .min = -100, .max = 100};
inline constexpr Shape kLogitBias = {
    .kinds = Shape::kObject, .others = &kBias, .token_names = true, .max_members = 1024};
inline constexpr Shape kSeed = {.kinds = Shape::kInteger, .min = -kTwo63, .max = kTwo64};
inline constexpr Shape kChoices = {.kinds = Shape::kInteger, .min = 1, .max = 128};
inline constexpr Shape kFirstChoice = {.kinds = Shape::kInteger, .min = 0, .max = 65535};
// 256 characters are at most the 1,024 bytes that StopStrings takes.
inline constexpr Shape kStopString = {.kinds = Shape::kString, .min_length = 1, .max_length = 256};
inline constexpr Shape kStopStrings = {.kinds = Shape::kArray, .max_items = 16, .items = &kStopString};
inline constexpr const Shape* kStopForms[] = {&kStopString, &kStopStrings};
inline constexpr Shape kStop = {.any_of = kStopForms};
inline constexpr Shape kOnlyOne = {.kinds = Shape::kNumber, .min = 1, .max = 1};
inline constexpr Shape kOnlyZero = {.kinds = Shape::kNumber, .min = 0, .max = 0};
inline constexpr const char* kTextWord[] = {"text"};
inline constexpr Shape kTextFormatType = {.kinds = Shape::kString, .words = kTextWord};
inline constexpr Field kTextFormatFields[] = {Required("type", kTextFormatType, "The kind of answer.")};
inline constexpr Shape kTextFormat = {.kinds = Shape::kObject, .fields = kTextFormatFields};

inline constexpr Field kStreamOptionFields[] = {
    Honoured("include_usage", kBool, "A last chunk, with empty `choices`, has `usage`.", "false"),
    Hint("include_obfuscation", "nothing is hidden behind padding on one's own machine."),
    Refused("continuous_usage_stats", kOnlyFalse, "usage comes once, in the last chunk."),
};
inline constexpr Shape kStreamOptions = {
    .kinds = Shape::kObject, .fields = kStreamOptionFields, .null_is_absent = true, .name = "StreamOptions"};

inline constexpr auto kSamplingApiFields = std::to_array<Field>({
    Honoured("temperature", kTemperature,
             "Divides the logits: higher is more varied, 0 always takes the most likely token.", "the model's own"),
    Honoured("top_p", kShare, "Keeps the most likely tokens that make up this probability; 1 is off.",
             "the model's own"),
    Honoured("top_k", kTopK, "Keeps the k most likely tokens; 0 and -1 are off.", "the model's own"),
    Honoured("min_p", kShare, "Drops tokens less likely than this share of the most likely one; 0 is off.",
             "the model's own"),
    Honoured("typical_p", kShare, "Keeps the tokens of most typical surprise that make up this probability; 1 is off.",
             "the model's own"),
    Honoured("repetition_penalty", kRepetition,
             "Divides (or multiplies, below zero) the logits of recent tokens; 1 is off.", "the model's own"),
    Honoured("repeat_penalty", kRepetition, "Another name of `repetition_penalty`."),
    Honoured("repetition_window", kWindow, "How many tokens of prompt and answer count as recent; 0 and -1 are all.",
             "the model's own"),
    Honoured("repeat_last_n", kWindow, "Another name of `repetition_window`, but 0 is none."),
    Honoured("presence_penalty", kPenalty, "Subtracted from the logit of every token that the answer has; 0 is off.",
             "the model's own"),
    Honoured("frequency_penalty", kPenalty,
             "Subtracted from a token's logit for each time the answer has it; 0 is off.", "the model's own"),
    Honoured("logit_bias", kLogitBias, "Added to the logits of tokens, which stand by their numbers."),
    Honoured("seed", kSeed,
             "The answer is a function of the model, the prompt, the parameters and the seed. A negative one counts "
             "modulo 2^64.",
             "chosen at random, and told in `candor.seed`"),
    Honoured("n", kChoices, "How many answers, each with random numbers of its own.", "1"),
    Honoured("first_choice", kFirstChoice,
             "The number of the first answer: with 2, the answer of `index` 0 is the one that had `index` 2.", "0"),
    Honoured("stop", kStop, "The answer ends before the first of these; reasoning does not."),
    Honoured("ignore_eos", kBool, "Goes on after the model's end token, until the limit of tokens.", "false"),
    Honoured("stream", kBool, "The answer comes as server-sent events while it is made.", "false"),
    Honoured("stream_options", kStreamOptions, "What a stream has besides the answer."),
    Honoured("continue_tokens", kTokenIds,
             "Numbers of the tokens with which the answer begins. They are not reported again, and not counted among "
             "`completion_tokens`. An answer that is resumed with the `token_ids` it had so far, and the same seed, "
             "goes on as it would have.",
             "none"),
    Honoured("return_token_ids", kBool,
             "Choices and deltas have `token_ids`: all tokens of the answer, marks included.", "false"),
    Honoured("return_progress", kBool,
             "While the prompt waits or is computed, a stream has chunks with `prompt_progress`.",
             "false: comments of the stream say it"),
});

inline constexpr auto kGenerationHints = std::to_array<Field>({
    Hint("user", "keys tell users apart."),
    Hint("metadata", "nothing is stored."),
    Hint("store", "nothing is stored."),
    Hint("safety_identifier", "no one is told who asks."),
    Hint("service_tier", "there is one."),
    Hint("prompt_cache_key", "prompts that were seen are found by themselves."),
    Hint("prompt_cache_retention", "prompts that were seen are kept as long as there is room."),
    Hint("prompt_cache_options", "prompts that were seen are found by themselves."),
    Hint("cache_prompt", "whether a prompt was seen changes no answer."),
    Hint("cache_salt", "each key has a cache of its own."),
    Hint("id_slot", "there are no slots."),
    Hint("slot_id", "there are no slots."),
    Hint("keep_alive", "models leave when memory is needed, or by the server's own setting."),
    Hint("priority", "users take turns."),
    Hint("request_id", "the server gives each request its own."),
    Hint("timings_per_token", "timings come with the end."),
    Hint("usage", "usage comes as `stream_options` says."),
    Hint("provider", "there is one."),
    Hint("route", "there is one."),
});

inline constexpr auto kGenerationRefusals = std::to_array<Field>({
    Refused("response_format", kTextFormat, "only `{\"type\": \"text\"}` is offered: answers follow no schema yet."),
    Refused("structured_outputs", kNull, "answers follow no schema or grammar yet."),
    Refused("grammar", kNull, "answers follow no grammar yet."),
    Refused("json_schema", kNull, "answers follow no schema yet."),
    Refused("guided_json", kNull, "answers follow no schema yet."),
    Refused("guided_regex", kNull, "answers follow no pattern yet."),
    Refused("guided_choice", kNull, "answers are not chosen from a list yet."),
    Refused("guided_grammar", kNull, "answers follow no grammar yet."),
    Refused("format", kNull, "answers follow no schema yet."),
    Refused("logits_processors", kEmptyList, "no code of a client is run."),
    Refused("logits_processor", kEmptyList, "no code of a client is run."),
    Refused("custom_logit_processor", kNull, "no code of a client is run."),
    Refused("samplers", kNull, "the order of the samplers is part of the definition of an answer."),
    Refused("stop_token_ids", kEmptyList, "use `stop`."),
    Refused("min_tokens", kOnlyZero, "use `ignore_eos` or `logit_bias`."),
    Refused("bad_words", kEmptyList, "use `logit_bias`."),
    Refused("include_stop_str_in_output", kOnlyFalse, "answers end before the stop string."),
    Refused("skip_special_tokens", kOnlyTrue, "control tokens are never text; `return_token_ids` shows them."),
    Refused("use_beam_search", kOnlyFalse, "answers are sampled."),
    Refused("length_penalty", kOnlyOne, "answers are sampled, not searched for."),
    Refused("prompt_logprobs", kOnlyZero, "log-probabilities are those of the answer."),
    Refused("truncate_prompt_tokens", kNull, "a prompt that is too long is an error: nothing is cut off in silence."),
    Refused("truncation", kNull, "a prompt that is too long is an error: nothing is cut off in silence."),
    Refused("transforms", kEmptyList, "prompts are taken as they are."),
    Refused("models", kEmptyList, "one model answers: `model`."),
    Refused("plugins", kEmptyList, "not offered."),
    Refused("lora", kEmptyList, "adapters are not offered."),
    Refused("options", kNull, "write the parameters beside `model`."),
    Refused("num_predict", kNull, "use `max_tokens`."),
    Refused("n_predict", kNull, "use `max_tokens`."),
    Refused("num_ctx", kNull, "the context is the server's setting; GET /v1/models tells it."),
    Refused("n_probs", kOnlyZero, "use `logprobs`."),
    Refused("random_seed", kNull, "use `seed`."),
    Refused("top_a", kOnlyZero, "use `min_p`."),
    Refused("tfs_z", kOnlyOne, "use `min_p` or `typical_p`."),
    Refused("mirostat", kOnlyZero, "not offered."),
    Refused("mirostat_mode", kOnlyZero, "not offered."),
    Refused("dry_multiplier", kOnlyZero, "use `repetition_penalty`."),
    Refused("xtc_probability", kOnlyZero, "not offered."),
    Refused("dynatemp_range", kOnlyZero, "not offered."),
    Refused("smoothing_factor", kOnlyZero, "not offered."),
    Refused("no_repeat_ngram_size", kOnlyZero, "not offered."),
    Refused("nsigma", kNull, "not offered."),
});

}  // namespace candor::shapes

#endif  // CANDOR_API_GENERATION_FIELDS_H_
