#include "api/chat_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <map>

#include "api/answer_events.h"
#include "api/fields.h"
#include "api/json_value.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

AnswerHead Head() { return {.id = "chatcmpl-X", .created = 1, .model = "m", .system_fingerprint = "f", .seed = 7}; }
constexpr ResponseOptions kStream = {.stream = true};
const std::string kHeadText =
    R"({"id":"chatcmpl-X","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"f",)";

std::string Chunk(const std::string& delta, const std::string& finish = "null") {
  return kHeadText + R"("choices":[{"index":0,"delta":)" + delta + R"(,"logprobs":null,"finish_reason":)" + finish +
         "}]}";
}

JsonValue Json(const std::string& text) { return ParseJson(text, "response"); }

TEST(ChatResponse, StreamsAsClientsExpect) {
  ChatResponse response(Head(), kStream, 1);
  EXPECT_FALSE(response.begun());
  EXPECT_THAT(response.Add(0, JobStarted{10}), ElementsAre(Chunk(R"({"role":"assistant","content":null})")));
  EXPECT_TRUE(response.begun());
  EXPECT_THAT(response.Add(0, Said(TokenRole::kReasoning, "hm")),
              ElementsAre(Chunk(R"({"reasoning_content":"hm","reasoning":"hm"})")));
  EXPECT_THAT(response.Add(0, Said(TokenRole::kAnswer, "Hi")), ElementsAre(Chunk(R"({"content":"Hi"})")));
  EXPECT_THAT(response.Add(0, Said(TokenRole::kAnswer, "")), IsEmpty());
  EXPECT_FALSE(response.done());
  const auto last = response.Add(0, Ended(FinishReason::kEndToken));
  ASSERT_EQ(last.size(), 1u);
  EXPECT_THAT(last[0],
              HasSubstr(R"("choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"candor":)"));
  EXPECT_TRUE(response.done());
  EXPECT_EQ(response.error(), std::nullopt);
}

TEST(ChatResponse, AFirstEventOfAnyKindIsPrecededByTheRole) {
  ChatResponse response(Head(), kStream, 1);
  EXPECT_THAT(response.Add(0, Said(TokenRole::kAnswer, "Hi")),
              ElementsAre(HasSubstr(R"("role":"assistant")"), Chunk(R"({"content":"Hi"})")));
  ChatResponse nothing(Head(), kStream, 1);
  EXPECT_THAT(nothing.Add(0, Ended(FinishReason::kMaxTokens)),
              ElementsAre(HasSubstr(R"("role":"assistant")"), HasSubstr(R"("finish_reason":"length")")));
}

// openai-python's helper makes its list of choices from the first chunk, and inserts others by their index.
TEST(ChatResponse, AllChoicesBeginInTheirOrderWhicheverSpeaksFirst) {
  ChatResponse response(Head(), kStream, 3);
  const auto payloads = response.Add(2, Said(TokenRole::kAnswer, "Hi"));
  ASSERT_EQ(payloads.size(), 4u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(payloads[i],
                HasSubstr(R"("choices":[{"index":)" + std::to_string(i) + R"(,"delta":{"role":"assistant")"));
  }
  EXPECT_THAT(payloads[3], HasSubstr(R"({"index":2,"delta":{"content":"Hi"})"));
  EXPECT_EQ(response.Add(0, Said(TokenRole::kAnswer, "Yo")).size(), 1u);
}

TEST(ChatResponse, AChunkWithoutChoicesComesOnlyWhenAskedFor) {
  ResponseOptions options = kStream;
  options.include_usage = true;
  ChatResponse response(Head(), options, 2);
  JobFinished finished = Ended(FinishReason::kEndToken, 10, 4);
  finished.usage.cached_tokens = 6;
  finished.usage.reasoning_tokens = 3;
  for (const std::string& payload : response.Add(0, finished)) EXPECT_THAT(payload, Not(HasSubstr("usage")));
  const auto last = response.Add(1, finished);
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[1],
            kHeadText + R"("choices":[],"usage":{"prompt_tokens":10,"completion_tokens":8,"total_tokens":18,)" +
                R"("prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":6},)" +
                R"("prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":4}})");
}

TEST(ChatResponse, SaysWhatWasReusedAndWhyNotMore) {
  ChatResponse response(Head(), {}, 1);
  JobFinished finished = Ended(FinishReason::kContextFull, 100, 21);
  finished.usage.cached_tokens = 64;
  finished.usage.forced_tokens = 2;
  finished.usage.first_token_seconds = 0.5;
  finished.usage.prefill_seconds = 0.25;
  finished.usage.decode_seconds = 2;
  finished.divergence = CacheDivergence{.position = 64, .cached = " a", .given = " b"};
  response.Add(0, finished);
  EXPECT_THAT(
      response.Whole(),
      HasSubstr(R"("candor":{"seed":7,"reused_tokens":64,"divergence":{"position":64,"cached":" a","given":" b"},)"
                R"("prefix_tokens":0,"forced_tokens":2,"timings":{"first_token_seconds":0.5,)"
                R"("prefill_seconds":0.25,"decode_seconds":2,"prefill_tokens_per_second":144,)"
                R"("decode_tokens_per_second":10}})"));
}

TEST(ChatResponse, WhatTheAnswerWasToldToBeginWithCountsAsPrompt) {
  ChatResponse response(Head(), {}, 1);
  JobOutput output;
  output.tokens = {Token(1, TokenRole::kReasoning, "a", 0), Token(2, TokenRole::kMark, "", 0)};
  response.Add(0, output);
  JobFinished finished = Ended(FinishReason::kEndToken, 10, 8);
  finished.prefix_tokens = 5;
  finished.usage.reasoning_tokens = 6;  // five of them brought by the client
  response.Add(0, finished);
  EXPECT_THAT(response.Whole(), HasSubstr(R"("prompt_tokens":15,"completion_tokens":3,"total_tokens":18)"));
  EXPECT_THAT(response.Whole(), HasSubstr(R"("reasoning_tokens":1)"));
}

TEST(ChatResponse, FinishReasonsAreThoseOfOpenAi) {
  for (const auto& [reason, word] : std::vector<std::pair<FinishReason, const char*>>{
           {FinishReason::kEndToken, "stop"},
           {FinishReason::kStopString, "stop"},
           {FinishReason::kMaxTokens, "length"},
           {FinishReason::kContextFull, "length"},
       }) {
    ChatResponse response(Head(), {}, 1);
    response.Add(0, Ended(reason));
    EXPECT_THAT(response.Whole(), HasSubstr(std::string(R"("finish_reason":")") + word + "\"}"));
  }
}

TEST(ChatResponse, ACallIsAnnouncedOnceWithItsName) {
  const auto call = [](uint32_t number, const char* text) {
    return JobOutput{.tokens = {}, .texts = {{TokenRole::kToolCall, text, number, "functions.get_weather"}}};
  };
  ChatResponse response(Head(), kStream, 1);
  response.Add(0, JobStarted{});
  EXPECT_THAT(response.Add(0, call(0, "")),
              ElementsAre(Chunk(R"({"tool_calls":[{"index":0,"id":"call_X_0_0","type":"function",)"
                                R"("function":{"name":"get_weather","arguments":""}}]})")));
  EXPECT_THAT(response.Add(0, call(0, "{\"a\"")),
              ElementsAre(Chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})")));
  EXPECT_THAT(response.Add(0, call(1, "{}")), ElementsAre(HasSubstr(R"("index":1,"id":"call_X_0_1")"),
                                                          HasSubstr(R"({"index":1,"function":{"arguments":"{}"}})")));
  EXPECT_THAT(response.Add(0, Ended(FinishReason::kEndToken)).back(), HasSubstr(R"("finish_reason":"tool_calls")"));

  ChatResponse whole(Head(), {}, 1);
  whole.Add(0, call(0, "{}"));
  whole.Add(0, Ended(FinishReason::kMaxTokens));
  EXPECT_THAT(whole.Whole(),
              HasSubstr(R"("content":null,"refusal":null,"tool_calls":[{"id":"call_X_0_0","type":"function",)"
                        R"("function":{"name":"get_weather","arguments":"{}"}}]})"));
  EXPECT_THAT(whole.Whole(), HasSubstr(R"("finish_reason":"length")"));
}

TEST(ChatResponse, LogProbabilitiesAreExactAndApartByRole) {
  ResponseOptions options;
  options.logprobs = true;
  options.token_ids = true;
  ChatResponse response(Head(), options, 1);
  const double odd = std::bit_cast<double>(0xbfb999999999999bull);
  JobOutput output;
  output.tokens = {Token(1, TokenRole::kReasoning, "r", -1),
                   Token(2, TokenRole::kMark, "", -2),
                   Token(3, TokenRole::kAnswer, "\xc3", odd),
                   {4, TokenRole::kAnswer, true, std::nullopt, "f", {}}};
  output.tokens[2].top = {{9, "x", -INFINITY}, {8, "<|x|>", -INFINITY, true}};
  response.Add(0, output);
  response.Add(0, Ended(FinishReason::kEndToken));
  const JsonValue whole = Json(response.Whole());
  const JsonValue& choice = whole.Find("choices")->array()->at(0);
  EXPECT_EQ(JsonText(*choice.Find("token_ids")), "[1,2,3,4]");
  const JsonValue& logprobs = *choice.Find("logprobs");
  const JsonArray& content = *logprobs.Find("content")->array();
  ASSERT_EQ(content.size(), 1u);
  EXPECT_EQ(std::bit_cast<uint64_t>(*content[0].Find("logprob")->number()), 0xbfb999999999999bull);
  EXPECT_EQ(JsonText(*content[0].Find("bytes")), "[195]");
  EXPECT_EQ(*content[0].Find("token")->string(), "\xef\xbf\xbd");
  EXPECT_EQ(JsonText(*content[0].Find("top_logprobs")),
            R"([{"token":"x","token_id":9,"logprob":-9999,"bytes":[120]},)"
            R"({"token":"<|x|>","token_id":8,"logprob":-9999,"bytes":null}])");
  EXPECT_EQ(JsonText(*logprobs.Find("reasoning_content")),
            R"([{"token":"r","token_id":1,"logprob":-1,"bytes":[114],"top_logprobs":[]}])");
}

TEST(ChatResponse, TokensComeEvenWhileTheirTextWaits) {
  ResponseOptions options = kStream;
  options.logprobs = true;
  options.token_ids = true;
  ChatResponse response(Head(), options, 1);
  response.Add(0, JobStarted{});
  const auto payloads = response.Add(0, JobOutput{.tokens = {Token(3, TokenRole::kAnswer, "\xc3", -1)}, .texts = {}});
  ASSERT_EQ(payloads.size(), 1u);
  EXPECT_THAT(payloads[0], HasSubstr(R"("delta":{},"logprobs":{"content":[{"token":)"));
  EXPECT_THAT(payloads[0], HasSubstr(R"("token_ids":[3])"));
}

TEST(ChatResponse, ReasoningCanBeLeftOutOrHaveOneName) {
  ResponseOptions options = kStream;
  options.logprobs = true;
  options.reasoning = false;
  ChatResponse hidden(Head(), options, 1);
  hidden.Add(0, JobStarted{});
  JobOutput output = Said(TokenRole::kReasoning, "secret");
  output.tokens = {Token(1, TokenRole::kReasoning, "secret", -1)};
  EXPECT_THAT(hidden.Add(0, output), IsEmpty());
  for (const auto& [names, expected] : std::vector<std::pair<ReasoningNames, const char*>>{
           {ReasoningNames::kReasoningContent, R"({"reasoning_content":"r"})"},
           {ReasoningNames::kReasoning, R"({"reasoning":"r"})"},
       }) {
    AnswerHead head = Head();
    head.reasoning = names;
    ChatResponse response(head, kStream, 1);
    response.Add(0, JobStarted{});
    EXPECT_THAT(response.Add(0, Said(TokenRole::kReasoning, "r")), ElementsAre(Chunk(expected)));
  }
}

TEST(ChatResponse, ProgressIsAChunkOnlyWhenAskedFor) {
  ChatResponse quiet(Head(), kStream, 1);
  EXPECT_THAT(quiet.Add(0, JobProgress{2, 0, 100}), IsEmpty());
  EXPECT_FALSE(quiet.begun());
  ResponseOptions options = kStream;
  options.progress = true;
  ChatResponse response(Head(), options, 1);
  const auto payloads = response.Add(0, JobProgress{0, 64, 100});
  ASSERT_EQ(payloads.size(), 2u);
  EXPECT_THAT(payloads[0], HasSubstr(R"("role":"assistant")"));
  EXPECT_THAT(payloads[1], HasSubstr(R"("prompt_progress":{"queue_position":0,"processed":64,"total":100})"));
  EXPECT_TRUE(Fits(Json(payloads[1]), kChatChunk));
  EXPECT_EQ(ProgressText({2, 0, 100}), "position 2 in the queue");
  EXPECT_EQ(ProgressText({0, 64, 100}), "prompt 64 of 100");
}

TEST(ChatResponse, AFailureEndsTheStreamWithAnError) {
  ChatResponse response(Head(), kStream, 2);
  response.Add(0, Said(TokenRole::kAnswer, "Hi"));
  EXPECT_THAT(
      response.Add(1, JobFailed{Refusal::kInternal, "no number"}),
      ElementsAre(R"({"error":{"message":"no number","type":"server_error","param":null,"code":"internal_error"}})"));
  EXPECT_TRUE(response.done());
  EXPECT_EQ(response.error()->status, 500);
  // Whatever still comes changes nothing.
  EXPECT_THAT(response.Add(0, Said(TokenRole::kAnswer, "x")), IsEmpty());
  EXPECT_THAT(response.Fail(WorkerDied()), IsEmpty());

  ChatResponse refused(Head(), kStream, 1);
  refused.Add(0, JobFailed{Refusal::kTooLong, "5000 tokens, at most 4096"});
  EXPECT_FALSE(refused.begun());
  EXPECT_EQ(refused.error()->code, "context_length_exceeded");

  ChatResponse cancelled(Head(), kStream, 1);
  EXPECT_THAT(cancelled.Add(0, Ended(FinishReason::kCancelled)).back(), HasSubstr(R"("code":"cancelled")"));
}

TEST(ChatResponse, EventsThatBelongToNoAnswerUnderWayChangeNothing) {
  ChatResponse response(Head(), kStream, 1);
  EXPECT_THAT(response.Add(1, Said(TokenRole::kAnswer, "x")), IsEmpty());
  EXPECT_THAT(response.Add(UINT32_MAX, Ended(FinishReason::kEndToken)), IsEmpty());
  EXPECT_THAT(response.Add(JobEvent{.what = EmbeddingDone{}}), IsEmpty());
  response.Add(0, Ended(FinishReason::kEndToken));
  EXPECT_THAT(response.Add(0, Said(TokenRole::kAnswer, "x")), IsEmpty());
  EXPECT_THAT(response.Fail(WorkerDied()), IsEmpty());
  EXPECT_EQ(response.error(), std::nullopt);
}

// ---- stream and whole

// Joins the chunks of a stream as openai-python does: texts are appended, lists too, calls by their index.
class Joined {
 public:
  void Add(const JsonValue& chunk) {
    for (const JsonValue& choice : *chunk.Find("choices")->array()) {
      Choice& joined = choices_[*choice.Find("index")->integer()];
      const JsonValue& delta = *choice.Find("delta");
      for (const char* name : {"content", "reasoning_content", "reasoning"}) {
        const JsonValue* text = delta.Find(name);
        if (text != nullptr && text->string() != nullptr) joined.texts[name] += *text->string();
      }
      if (const JsonValue* calls = delta.Find("tool_calls")) {
        for (const JsonValue& call : *calls->array()) {
          auto& [id, name, arguments] = joined.calls[*call.Find("index")->integer()];
          if (const JsonValue* value = call.Find("id")) id += *value->string();
          const JsonValue& function = *call.Find("function");
          if (const JsonValue* value = function.Find("name")) name += *value->string();
          arguments += *function.Find("arguments")->string();
        }
      }
      if (const JsonObject* lists = choice.Find("logprobs")->object()) {
        for (const auto& [name, list] : *lists) Append(list, joined.logprobs[name]);
      }
      if (const JsonValue* ids = choice.Find("token_ids")) Append(*ids, joined.token_ids);
      if (const std::string* finish = choice.Find("finish_reason")->string()) {
        EXPECT_EQ(joined.finish, "");
        joined.finish = *finish;
      }
    }
  }

  void ExpectIs(const JsonValue& whole) const {
    const JsonArray& choices = *whole.Find("choices")->array();
    ASSERT_EQ(choices.size(), choices_.size());
    for (const JsonValue& choice : choices) {
      const Choice& joined = choices_.at(*choice.Find("index")->integer());
      const JsonValue& message = *choice.Find("message");
      for (const char* name : {"content", "reasoning_content", "reasoning"}) {
        const JsonValue* text = message.Find(name);
        const auto found = joined.texts.find(name);
        EXPECT_EQ(text == nullptr || text->is_null() ? "" : *text->string(),
                  found == joined.texts.end() ? "" : found->second);
      }
      const JsonValue* calls = message.Find("tool_calls");
      ASSERT_EQ(calls == nullptr ? 0 : calls->array()->size(), joined.calls.size());
      for (const auto& [index, call] : joined.calls) {
        const JsonValue& other = calls->array()->at(static_cast<size_t>(index));
        EXPECT_EQ(*other.Find("id")->string(), std::get<0>(call));
        EXPECT_EQ(*other.Find("function")->Find("name")->string(), std::get<1>(call));
        EXPECT_EQ(*other.Find("function")->Find("arguments")->string(), std::get<2>(call));
      }
      if (const JsonObject* lists = choice.Find("logprobs")->object()) {
        for (const auto& [name, list] : *lists) {
          const auto found = joined.logprobs.find(name);
          EXPECT_EQ(list.is_null() ? "" : JsonText(list),
                    list.is_null() ? "" : "[" + (found == joined.logprobs.end() ? "" : found->second) + "]");
        }
      }
      if (const JsonValue* ids = choice.Find("token_ids")) {
        EXPECT_EQ(JsonText(*ids), "[" + joined.token_ids + "]");
      }
      EXPECT_EQ(*choice.Find("finish_reason")->string(), joined.finish);
    }
  }

 private:
  struct Choice {
    std::map<std::string, std::string> texts, logprobs;
    std::map<int64_t, std::tuple<std::string, std::string, std::string>> calls;
    std::string token_ids, finish;
  };
  static void Append(const JsonValue& list, std::string& joined) {
    if (list.is_null()) return;
    const std::string text = JsonText(list);
    if (text == "[]") return;
    joined += (joined.empty() ? "" : ",") + text.substr(1, text.size() - 2);
  }
  std::map<int64_t, Choice> choices_;
};

// The same answer, its pieces of text divided further.
std::vector<JobEvent> Divided(const std::vector<JobEvent>& events, std::mt19937& random) {
  std::vector<JobEvent> divided;
  for (const JobEvent& event : events) {
    const auto* output = std::get_if<JobOutput>(&event.what);
    if (output == nullptr || random() % 2 == 0) {
      divided.push_back(event);
      continue;
    }
    for (const OutputToken& token : output->tokens) {
      divided.push_back({.choice = event.choice, .what = JobOutput{.tokens = {token}, .texts = {}}});
    }
    for (const TextPiece& piece : output->texts) {
      divided.push_back({.choice = event.choice, .what = JobOutput{.tokens = {}, .texts = {piece}}});
    }
  }
  return divided;
}

TEST(ChatResponse, WhatAStreamSaysIsWhatTheWholeSays) {
  std::mt19937 random(1);
  for (int round = 0; round < 1500; ++round) {
    ResponseOptions options;
    options.logprobs = random() % 2 == 0;
    options.token_ids = random() % 2 == 0;
    options.reasoning = random() % 4 != 0;
    options.include_usage = random() % 2 == 0;
    const uint32_t choices = 1 + random() % 3;
    std::vector<std::vector<JobEvent>> answers;
    for (uint32_t i = 0; i < choices; ++i) answers.push_back(RandomAnswer(i, random));
    const std::vector<JobEvent> events = Interleaved(answers, random);

    ChatResponse whole(Head(), options, choices);
    for (const JobEvent& event : events) EXPECT_THAT(whole.Add(event), IsEmpty());
    ASSERT_TRUE(whole.done());
    const JsonValue whole_json = Json(whole.Whole());
    EXPECT_TRUE(Fits(whole_json, kChatCompletion)) << whole.Whole();

    options.stream = true;
    for (const auto& variant : {events, Divided(events, random)}) {
      ChatResponse stream(Head(), options, choices);
      Joined joined;
      std::vector<std::string> payloads;
      for (const JobEvent& event : variant) {
        for (std::string& payload : stream.Add(event)) payloads.push_back(std::move(payload));
      }
      ASSERT_TRUE(stream.done());
      for (const std::string& payload : payloads) {
        const JsonValue chunk = Json(payload);
        ASSERT_TRUE(Fits(chunk, kChatChunk)) << payload;
        joined.Add(chunk);
      }
      joined.ExpectIs(whole_json);
      if (options.include_usage) {
        EXPECT_EQ(JsonText(*Json(payloads.back()).Find("usage")), JsonText(*whole_json.Find("usage")));
      }
    }
  }
}

}  // namespace
}  // namespace candor
