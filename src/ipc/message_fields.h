// What the encoding of messages.h needs to know of each struct and enumeration in it. See ipc/field_names.h.
#ifndef CANDOR_IPC_MESSAGE_FIELDS_H_
#define CANDOR_IPC_MESSAGE_FIELDS_H_

#include <cstdint>

#include "ipc/field_names.h"
#include "ipc/messages.h"
#include "kernels/tensor_type.h"

namespace candor {

// The last value of each enumeration whose values go from 0 on without a gap.
template <class E>
inline constexpr E kLast = E::kNotListedHere;
template <>
inline constexpr Refusal kLast<Refusal> = Refusal::kWorkerDied;
template <>
inline constexpr CheckpointFormat kLast<CheckpointFormat> = CheckpointFormat::kSafetensors;
template <>
inline constexpr KvType kLast<KvType> = KvType::kQ8_0;
template <>
inline constexpr ThinkMode kLast<ThinkMode> = ThinkMode::kOff;
template <>
inline constexpr Effort kLast<Effort> = Effort::kHigh;
template <>
inline constexpr TokenRole kLast<TokenRole> = TokenRole::kMark;
template <>
inline constexpr FinishReason kLast<FinishReason> = FinishReason::kCancelled;

// Whether the enumeration has a value of that number.
template <class E>
constexpr bool IsValue(uint8_t value) {
  return value <= static_cast<uint8_t>(kLast<E>);
}
template <>
inline bool IsValue<TensorType>(uint8_t value) {
  return TensorTypeFromGgufId(value).has_value() ||
         (value >= static_cast<uint8_t>(TensorType::kF8_E4M3) && value <= static_cast<uint8_t>(TensorType::kBool));
}

// ---------------------------------------------------------------- front to worker

template <>
inline constexpr auto kDescription<LoadModelMessage> = Describe("LoadModelMessage", "model", "name", "format",
                                                                "file_names", "file_sha256", "threads", "isa",
                                                                "context", "chunk", "max_sequences", "kv", "exact",
                                                                "quantize", "max_bytes", "kv_bytes");
template <>
inline constexpr auto kDescription<UnloadModelMessage> = Describe("UnloadModelMessage", "model");
template <>
inline constexpr auto kDescription<ToolCall> = Describe("ToolCall", "id", "name", "arguments");
template <>
inline constexpr auto kDescription<Message> = Describe("Message", "role", "content", "reasoning_content", "tool_calls",
                                                       "tool_call_id", "name");
template <>
inline constexpr auto kDescription<ThinkSetting> = Describe("ThinkSetting", "mode", "budget", "effort");
template <>
inline constexpr auto kDescription<Conversation> = Describe("Conversation", "messages", "continue_last", "think",
                                                            "template_variables", "now");
template <>
inline constexpr auto kDescription<LogitBias> = Describe("LogitBias", "token", "bias");
template <>
inline constexpr auto kDescription<SamplingOverrides> = Describe("SamplingOverrides", "values", "logit_bias");
template <>
inline constexpr auto kDescription<GenerateMessage> = Describe("GenerateMessage", "job", "model", "user", "input",
                                                               "answer_prefix", "sampling", "seed", "choices",
                                                               "first_choice", "max_tokens", "stop", "logprobs",
                                                               "ignore_end");
template <>
inline constexpr auto kDescription<EmbedMessage> = Describe("EmbedMessage", "job", "model", "user", "input");
template <>
inline constexpr auto kDescription<CancelMessage> = Describe("CancelMessage", "job");
template <>
inline constexpr auto kDescription<CloseThoughtMessage> = Describe("CloseThoughtMessage", "job");
template <>
inline constexpr auto kDescription<TokenizeMessage> = Describe("TokenizeMessage", "job", "model", "text", "add_special",
                                                               "parse_special");
template <>
inline constexpr auto kDescription<DetokenizeMessage> = Describe("DetokenizeMessage", "job", "model", "tokens");
template <>
inline constexpr auto kDescription<RenderMessage> = Describe("RenderMessage", "job", "model", "conversation");
template <>
inline constexpr auto kDescription<ProbeMessage> = Describe("ProbeMessage");

// ---------------------------------------------------------------- worker to front

template <>
inline constexpr auto kDescription<WorkerReady> = Describe("WorkerReady", "system_call_filter", "landlock_abi", "seal");
template <>
inline constexpr auto kDescription<SamplingParams> = Describe("SamplingParams", "temperature", "top_k", "top_p",
                                                              "min_p", "typical_p", "repetition_penalty",
                                                              "repetition_window", "presence_penalty",
                                                              "frequency_penalty", "logit_bias");
template <>
inline constexpr auto kDescription<ModelFacts> = Describe("ModelFacts", "architecture", "weight_format", "parameters",
                                                          "context", "model_context", "vocabulary", "embedding_length",
                                                          "weight_bytes", "kv_bytes", "working_bytes", "can_chat",
                                                          "reasons", "file_sha256", "notes", "sampling", "isa",
                                                          "threads", "load_seconds");
template <>
inline constexpr auto kDescription<ModelLoaded> = Describe("ModelLoaded", "model", "facts");
template <>
inline constexpr auto kDescription<ModelLoadProgress> = Describe("ModelLoadProgress", "model", "done_bytes",
                                                                 "total_bytes");
template <>
inline constexpr auto kDescription<ModelRefused> = Describe("ModelRefused", "model", "why", "message", "needed_bytes");
template <>
inline constexpr auto kDescription<LikelyToken> = Describe("LikelyToken", "id", "bytes", "logprob", "named");
template <>
inline constexpr auto kDescription<OutputToken> = Describe("OutputToken", "id", "role", "forced", "logprob", "bytes",
                                                           "named", "top");
template <>
inline constexpr auto kDescription<TextPiece> = Describe("TextPiece", "role", "text", "call", "recipient");
template <>
inline constexpr auto kDescription<JobStarted> = Describe("JobStarted", "prompt_tokens");
template <>
inline constexpr auto kDescription<JobProgress> = Describe("JobProgress", "queue_position", "done", "total");
template <>
inline constexpr auto kDescription<JobOutput> = Describe("JobOutput", "tokens", "texts");
template <>
inline constexpr auto kDescription<CacheDivergence> = Describe("CacheDivergence", "position", "cached", "given");
template <>
inline constexpr auto kDescription<PrefixDivergence> = Describe("PrefixDivergence", "position", "remembered", "given");
template <>
inline constexpr auto kDescription<Usage> = Describe("Usage", "prompt_tokens", "cached_tokens", "divergence",
                                                     "reasoning_tokens", "answer_tokens", "generated_tokens",
                                                     "forced_tokens", "first_token_seconds", "prefill_seconds",
                                                     "decode_seconds");
template <>
inline constexpr auto kDescription<JobFinished> = Describe("JobFinished", "reason", "usage", "prefix_tokens",
                                                           "divergence");
template <>
inline constexpr auto kDescription<JobFailed> = Describe("JobFailed", "why", "message");
template <>
inline constexpr auto kDescription<EmbeddingDone> = Describe("EmbeddingDone", "values", "prompt_tokens");
template <>
inline constexpr auto kDescription<TokensDone> = Describe("TokensDone", "tokens", "pieces");
template <>
inline constexpr auto kDescription<TextDone> = Describe("TextDone", "text");
template <>
inline constexpr auto kDescription<PromptDone> = Describe("PromptDone", "prompt", "tokens");
template <>
inline constexpr auto kDescription<JobEvent> = Describe("JobEvent", "job", "choice", "what");
template <>
inline constexpr auto kDescription<EngineState> = Describe("EngineState", "model", "running", "waiting",
                                                           "kv_bytes_used", "kv_bytes_cached", "prefill_tokens",
                                                           "decode_tokens", "preemptions", "forgotten_tokens");
template <>
inline constexpr auto kDescription<StepMessage> = Describe("StepMessage", "events", "engines");
template <>
inline constexpr auto kDescription<ProbeResult> = Describe("ProbeResult", "errors");

}  // namespace candor

#endif  // CANDOR_IPC_MESSAGE_FIELDS_H_
