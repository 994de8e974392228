#include "ipc/message_cases.h"

namespace candor {
namespace {

Conversation AConversation() {
  Conversation conversation;
  conversation.messages = {{"user", "Hi \xff", std::nullopt, {}, {}, "ann"},
                           {"assistant", std::nullopt, "hm", {{"c1", "f", "{}"}, {"c2", "g", "{\"a\":1}"}}, {}, {}},
                           {"tool", "", "", {}, "c1", {}}};
  conversation.continue_last = true;
  conversation.think = {ThinkMode::kOn, 0, Effort::kHigh};
  conversation.template_variables = "{\"x\": [1]}";
  conversation.now = -5;
  return conversation;
}

GenerateMessage AGeneration(JobInput input) {
  GenerateMessage message;
  message.job = 0x0102030405060708;
  message.model = 9;
  message.user = std::string("key\0one", 7);
  message.input = std::move(input);
  message.answer_prefix = {3, 1, 4};
  message.sampling.values = {0.5, std::nullopt, 7};
  message.sampling.logit_bias = {{15, -100}, {16, 0.25}};
  message.seed = ~uint64_t{0};
  message.choices = 4;
  message.first_choice = 2;
  message.max_tokens = 0;
  message.stop = {"\n\n", "END"};
  message.logprobs = 20;
  message.ignore_end = true;
  return message;
}

ModelFacts SomeFacts() {
  ModelFacts facts;
  facts.architecture = "llama";
  facts.weight_format = "Q4_K_M";
  facts.parameters = 671'026'419'200;
  facts.context = 8192;
  facts.model_context = 131072;
  facts.vocabulary = 49152;
  facts.embedding_length = 576;
  facts.weight_bytes = 5'000'000'000;
  facts.kv_bytes = 6'000'000'000;
  facts.working_bytes = 7'000'000'000;
  facts.can_chat = true;
  facts.reasons = true;
  facts.file_sha256 = {"ab", "cd"};
  facts.notes = {"a note"};
  facts.sampling = {0.1, 2, 0.3, 0.4, 0.5, 1.6, 7, 0.8, 0.9, {{10, 11}}};
  facts.isa = "avx2";
  facts.threads = 12;
  facts.load_seconds = 1.5;
  return facts;
}

JobFinished AnEnd() {
  JobFinished finished;
  finished.reason = FinishReason::kCancelled;
  finished.usage = {1, 2, PrefixDivergence{10, 11, 12}, 3, 4, 5, 6, 0.7, 0.8, 0.9};
  finished.prefix_tokens = 7;
  finished.divergence = CacheDivergence{8, "left", "right"};
  return finished;
}

}  // namespace

std::vector<FrontMessage> FrontMessageCases() {
  LoadModelMessage load;
  load.model = 1;
  load.name = "m";
  load.format = CheckpointFormat::kSafetensors;
  load.file_names = {"a.safetensors", "config.json"};
  load.file_sha256 = {"00", "11"};
  load.threads = 2;
  load.isa = "scalar";
  load.context = 4096;
  load.chunk = 64;
  load.max_sequences = 3;
  load.kv = KvType::kQ8_0;
  load.exact = true;
  load.quantize = TensorType::kQ4_K;
  load.max_bytes = uint64_t{1} << 40;
  load.kv_bytes = 12345;
  return {load,
          UnloadModelMessage{2},
          AGeneration(AConversation()),
          AGeneration(RawText("Once")),
          AGeneration(RawTokens{1, 2, 3}),
          EmbedMessage{3, 4, "u", RawText("text")},
          EmbedMessage{3, 4, "u", RawTokens{7}},
          CancelMessage{5},
          CloseThoughtMessage{6},
          TokenizeMessage{7, 8, "text", true, true},
          DetokenizeMessage{9, 10, {11, 12}},
          RenderMessage{13, 14, AConversation()},
          ProbeMessage{}};
}

std::vector<WorkerMessage> WorkerMessageCases() {
  JobOutput output;
  output.tokens = {{1, TokenRole::kReasoning, true, -0.5, "a", true, {{2, "b", -1.5, true}, {3, "", -2, true}}}, {}};
  output.texts = {{TokenRole::kToolCall, "{}", 2, "functions.f"}, {}};
  StepMessage step;
  step.events = {{1, 2, JobStarted{3}},
                 {1, 2, JobProgress{4, 5, 6}},
                 {1, 2, output},
                 {1, 2, AnEnd()},
                 {1, 2, JobFailed{Refusal::kMemory, "no room"}},
                 {1, 2, EmbeddingDone{{0.5f, -1}, 7}},
                 {1, 2, TokensDone{{9}, {"x"}}},
                 {1, 2, TextDone{"text"}},
                 {1, 2, PromptDone{"<s>", {1}}}};
  step.engines = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
  return {WorkerReady{true, 7, "sealed"},
          ModelLoaded{1, SomeFacts()},
          ModelLoadProgress{1, 2, 3},
          ModelRefused{1, Refusal::kFile, "broken", 5},
          step,
          ProbeResult{{1, 2, 3, 4, -5}}};
}

}  // namespace candor
