// What front and worker tell each other: typed messages, as plain values.
//
// The front owns sockets and keys and trusts nobody; the worker owns models and computes. The worker parses hostile
// files, so the front reads what it sends as hostile input too: DecodeWorkerMessage() bounds every count by the bytes
// that are there, and the front checks every id. Both ends are the same build of the same program: the encoding
// carries no version.
#ifndef CANDOR_IPC_MESSAGES_H_
#define CANDOR_IPC_MESSAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/answer_splitter.h"
#include "chat/message.h"
#include "chat/think_setting.h"
#include "engine/request.h"
#include "engine/sampling_params.h"
#include "format/checkpoint.h"
#include "model/kv_layout.h"
#include "tokenizer/tokenizer.h"

namespace candor {

using ModelId = uint32_t;  // chosen by the front for each load, never twice
using JobId = uint64_t;    // chosen by the front, never twice in the life of a worker

// Why a job, a query or a load was refused or has ended without an answer. The front makes an HTTP status of it.
enum class Refusal : uint8_t {
  kInvalid,      // a field is outside its range: the message names it
  kTooLong,      // the prompt leaves no room in the context: the message has both counts
  kTemplate,     // the model's template refuses the messages or is broken, or there is none
  kUnsupported,  // well-formed and not computed by this version
  kFile,         // the model's files are broken or cannot be read
  kMemory,       // there is not enough memory for it
  kInternal,     // the computation went wrong
  kWorkerDied,   // under it: the front's own word
};

// ---------------------------------------------------------------- front to worker

inline constexpr uint32_t kUsualContext = 32768;

// Loads a model from files that come with the message as descriptors, in the order of `file_names`.
struct LoadModelMessage {
  ModelId model = 0;
  std::string name;  // what messages call it
  CheckpointFormat format = CheckpointFormat::kGguf;
  std::vector<std::string> file_names;   // without folder
  std::vector<std::string> file_sha256;  // in hexadecimal, as recorded when pulled; empty = nothing is recorded
  uint32_t threads = 0;                  // 0 = one for each processor
  std::string isa;                       // empty = the best
  uint32_t context = 0;                  // 0 = the model's own, or as much of it as the memory holds
  uint32_t chunk = 512;                  // EngineOptions::chunk
  uint32_t max_sequences = 16;           // EngineOptions::max_sequences
  KvType kv = KvType::kF16;
  bool exact = false;
  std::optional<TensorType> quantize;
  uint64_t max_bytes = 0;  // weights, keys and values, and working memory together
  // Keys and values of requests and remembered prefixes, where max_bytes leaves more; but at least one context of
  // kUsualContext tokens, or of what `context` says. 0 = all that max_bytes leaves.
  uint64_t kv_bytes = 0;
};

struct UnloadModelMessage {
  ModelId model = 0;  // its jobs have ended or been cancelled before
};

// A conversation to be answered.
struct Conversation {
  std::vector<Message> messages;
  // The last message is the assistant's, and the answer goes on with it: with its text, or inside its thought when it
  // has reasoning and no content.
  bool continue_last = false;
  ThinkSetting think;
  std::string template_variables;  // JSON text of an object, given to the template; empty = none
  int64_t now = 0;                 // as Dialogue::Prepare() takes it
};
using RawText = std::string;             // continued as it is; special tokens written in it count
using RawTokens = std::vector<TokenId>;  // continued as they are
using JobInput = std::variant<Conversation, RawText, RawTokens>;

struct GenerateMessage {
  JobId job = 0;
  ModelId model = 0;
  std::string user;  // whose: requests of one user share cached prefixes, and users share the machine
  JobInput input;
  // Tokens with which the answer begins, after what continue_last says: how a client resumes or forks an answer on
  // bits. They are not reported again.
  std::vector<TokenId> answer_prefix;
  SamplingOverrides sampling;  // over the model's own settings
  uint64_t seed = 0;
  uint32_t choices = 1;  // answers to the one prompt, numbered from first_choice
  uint32_t first_choice = 0;
  std::optional<uint32_t> max_tokens;  // of what is generated now
  std::vector<std::string> stop;
  std::optional<uint32_t> logprobs;
  bool ignore_end = false;  // goes on after the model's end tokens, until max_tokens
};

// The mean of the last layer's normalised hidden states over all positions.
struct EmbedMessage {
  JobId job = 0;
  ModelId model = 0;
  std::string user;
  std::variant<RawText, RawTokens> input;
};

struct CancelMessage {
  JobId job = 0;
};

// Ends the thought of every answer of the job that is inside one, and lets it answer.
struct CloseThoughtMessage {
  JobId job = 0;
};

// That a client may send or be told in one list.
inline constexpr size_t kMaxListedTokens = 250'000;

// Questions that need a tokenizer or a template and no computation. `job` only pairs question and answer.
struct TokenizeMessage {
  JobId job = 0;
  ModelId model = 0;
  std::string text;
  bool add_special = false;    // BOS where the model wants it
  bool parse_special = false;  // special tokens written in the text count
};
struct DetokenizeMessage {
  JobId job = 0;
  ModelId model = 0;
  std::vector<TokenId> tokens;
};
struct RenderMessage {
  JobId job = 0;
  ModelId model = 0;
  Conversation conversation;
};

// Tries what a sealed process must not be able to do, and reports what the kernel said.
struct ProbeMessage {};

using FrontMessage = std::variant<LoadModelMessage, UnloadModelMessage, GenerateMessage, EmbedMessage, CancelMessage,
                                  CloseThoughtMessage, TokenizeMessage, DetokenizeMessage, RenderMessage, ProbeMessage>;

// ---------------------------------------------------------------- worker to front

// The first message of a worker: it is sealed and waits.
struct WorkerReady {
  bool system_call_filter = false;
  int32_t landlock_abi = 0;
  std::string seal;  // SealReport::Describe()
};

// What is known of a model once it is loaded.
struct ModelFacts {
  std::string architecture = {};
  std::string weight_format = {};  // "Q4_K_M"; may be empty
  uint64_t parameters = 0;
  uint32_t context = 0;        // tokens of prompt and answer at most, as loaded
  uint32_t model_context = 0;  // that the model was made for
  uint32_t vocabulary = 0;
  uint32_t embedding_length = 0;
  uint64_t weight_bytes = 0;   // packed, in memory
  uint64_t kv_bytes = 0;       // for keys and values at most
  uint64_t working_bytes = 0;  // of steps, about
  bool can_chat = false;       // it has a chat template
  bool reasons = false;        // it writes thoughts by itself
  std::vector<std::string> file_sha256 = {};
  std::vector<std::string> notes = {};  // Model::notes
  SamplingParams sampling = {};         // the model's own settings
  std::string isa = {};
  uint32_t threads = 0;
  double load_seconds = 0;
};
struct ModelLoaded {
  ModelId model = 0;
  ModelFacts facts;
};
struct ModelLoadProgress {
  ModelId model = 0;
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
};
struct ModelRefused {
  ModelId model = 0;
  Refusal why = Refusal::kInternal;
  std::string message;
  uint64_t needed_bytes = 0;  // with kMemory: what LoadModelMessage::max_bytes would have to be
};

struct LikelyToken {
  TokenId id = 0;
  std::string bytes;  // what it adds to a text; a control token's name in the vocabulary
  double logprob = 0;
  bool named = false;  // a control token: `bytes` are no part of the text
};
struct OutputToken {
  TokenId id = 0;
  TokenRole role = TokenRole::kAnswer;
  bool forced = false;
  // With GenerateMessage::logprobs only, and not of forced tokens:
  std::optional<double> logprob = {};
  std::string bytes = {};
  bool named = false;  // as in LikelyToken
  std::vector<LikelyToken> top = {};
};
struct TextPiece {
  TokenRole role = TokenRole::kAnswer;  // kAnswer, kReasoning, or kToolCall
  std::string text = {};                // whole UTF-8 characters
  uint32_t call = 0;                    // of kToolCall: as ToolCallText
  std::string recipient = {};           // likewise
};

// A generation is accepted: its prompt has this many tokens. What cannot be accepted fails before.
struct JobStarted {
  uint32_t prompt_tokens = 0;
};
// It is the queue_position-th of those that wait (0: it is computed); [0, done) of `total` prompt tokens are there.
struct JobProgress {
  uint32_t queue_position = 0;
  uint32_t done = 0;
  uint32_t total = 0;
};
// New tokens of an answer, and text that can be shown since; either may be empty, as text waits for whole characters.
struct JobOutput {
  std::vector<OutputToken> tokens;
  std::vector<TextPiece> texts;
};
// Where a cached prefix of the same user went on otherwise than this prompt.
struct CacheDivergence {
  uint32_t position = 0;  // of the first token that differs, from 0
  std::string cached;     // the two tokens as text
  std::string given;
};
struct JobFinished {
  FinishReason reason = FinishReason::kEndToken;
  Usage usage = {};
  uint32_t prefix_tokens = 0;  // of usage.generated_tokens those that answer_prefix or continue_last brought
  std::optional<CacheDivergence> divergence = {};
};
struct JobFailed {
  Refusal why = Refusal::kInternal;
  std::string message;
};
struct EmbeddingDone {
  std::vector<float> values;
  uint32_t prompt_tokens = 0;
};
struct TokensDone {
  std::vector<TokenId> tokens;
  std::vector<std::string> pieces;  // one a token, as the vocabulary spells it
};
struct TextDone {
  std::string text;
};
struct PromptDone {
  std::string prompt;  // the exact text that the model sees
  std::vector<TokenId> tokens;
};

// JobFinished and JobFailed end a choice; EmbeddingDone, TokensDone, TextDone, PromptDone end their job, and JobFailed
// of a job that never started ends all of its choices.
struct JobEvent {
  JobId job = 0;
  uint32_t choice = 0;
  std::variant<JobStarted, JobProgress, JobOutput, JobFinished, JobFailed, EmbeddingDone, TokensDone, TextDone,
               PromptDone>
      what;
};

// Counters since the model was loaded, and what is there now.
struct EngineState {
  ModelId model = 0;
  uint32_t running = 0;
  uint32_t waiting = 0;
  uint64_t kv_bytes_used = 0;    // by requests under way and cached prefixes
  uint64_t kv_bytes_cached = 0;  // of these by cached prefixes alone
  uint64_t prefill_tokens = 0;   // computed
  uint64_t decode_tokens = 0;    // of answers that have ended
  uint64_t preemptions = 0;
  uint64_t forgotten_tokens = 0;  // of cached prefixes, for want of memory
};

// What one step of the scheduler has brought: one message a step.
struct StepMessage {
  std::vector<JobEvent> events;
  std::vector<EngineState> engines;
};

// What each forbidden action got from the kernel: an errno, or 0 when it was possible.
struct ProbeResult {
  static constexpr std::array<const char*, 5> kActions = {"open a file", "make a socket", "connect", "start a program",
                                                          "trace a process"};
  std::array<int32_t, 5> errors = {};
};

using WorkerMessage = std::variant<WorkerReady, ModelLoaded, ModelLoadProgress, ModelRefused, StepMessage, ProbeResult>;

// ---------------------------------------------------------------- bytes

// No message is larger; Encode() checks it with CHECK after the callers bounded what they put in.
inline constexpr size_t kMaxMessageBytes = 256u << 20;

std::vector<std::byte> Encode(const FrontMessage& message);
std::vector<std::byte> Encode(const WorkerMessage& message);

// Throw FormatError naming the message, the field and what was expected: for an unknown kind or value, a count that
// the rest of the bytes cannot hold, and bytes left over. Take time and memory linear in `bytes`.
FrontMessage DecodeFrontMessage(std::span<const std::byte> bytes);
WorkerMessage DecodeWorkerMessage(std::span<const std::byte> bytes);

}  // namespace candor

#endif  // CANDOR_IPC_MESSAGES_H_
