// Completions, embeddings, models, errors and the small responses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "api/answer_events.h"
#include "api/completion_response.h"
#include "api/embedding_response.h"
#include "api/errors.h"
#include "api/fields.h"
#include "api/json_value.h"
#include "api/model_list.h"
#include "api/small_responses.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

AnswerHead Head() { return {.id = "cmpl-X", .created = 1, .model = "m", .system_fingerprint = "f", .seed = 7}; }
CompletionRequest Asked(const std::string& more) { return ParseCompletionRequest(R"({"model":"m",)" + more + "}"); }
JsonValue Json(const std::string& text) { return ParseJson(text, "response"); }
JobEvent Of(uint32_t choice, auto what) { return {.choice = choice, .what = std::move(what)}; }

TEST(CompletionResponse, StreamsTextAndEchoesThePrompt) {
  CompletionResponse response(Head(), Asked(R"("prompt":"Once","echo":true,"stream":true)"));
  const auto chunk = [](const std::string& text) {
    return R"({"id":"cmpl-X","object":"text_completion","created":1,"model":"m","system_fingerprint":"f",)"
           R"("choices":[{"index":0,"text":")" +
           text + R"(","logprobs":null,"finish_reason":null}]})";
  };
  EXPECT_THAT(response.Add(0, Of(0, JobStarted{})), ElementsAre(chunk("Once")));
  EXPECT_THAT(response.Add(0, Of(0, Said(TokenRole::kAnswer, " upon"))), ElementsAre(chunk(" upon")));
  EXPECT_THAT(response.Add(0, Of(0, Ended(FinishReason::kMaxTokens))),
              ElementsAre(HasSubstr(R"("text":"","logprobs":null,"finish_reason":"length"}],"candor":)")));
  EXPECT_TRUE(response.done());
}

TEST(CompletionResponse, NumbersTheChoicesOfSeveralPrompts) {
  CompletionResponse response(Head(), Asked(R"("prompt":["a","b"],"n":2)"));
  for (uint32_t prompt : {1u, 0u}) {
    for (uint32_t choice : {0u, 1u}) {
      response.Add(prompt, Of(choice, Said(TokenRole::kAnswer, std::to_string(prompt) + std::to_string(choice))));
      EXPECT_FALSE(response.done());
      response.Add(prompt, Of(choice, Ended(FinishReason::kEndToken, 5, 3)));
    }
  }
  ASSERT_TRUE(response.done());
  const JsonValue whole = Json(response.Whole());
  EXPECT_TRUE(Fits(whole, kTextCompletion));
  std::vector<std::string> texts;
  for (const JsonValue& choice : *whole.Find("choices")->array()) texts.push_back(*choice.Find("text")->string());
  EXPECT_THAT(texts, ElementsAre("00", "01", "10", "11"));
  EXPECT_THAT(response.Whole(), HasSubstr(R"("prompt_tokens":10,"completion_tokens":12)"));
}

TEST(CompletionResponse, LogProbabilitiesAreFourParallelLists) {
  CompletionResponse response(Head(), Asked(R"("prompt":"x","logprobs":2)"));
  JobOutput output;
  output.tokens = {Token(5, TokenRole::kAnswer, "né", -0.5), Token(6, TokenRole::kAnswer, "w", -1),
                   Token(7, TokenRole::kMark, "", -1)};
  output.tokens[0].top = {{5, "né", -0.5}, {8, "\xff", -2}, {9, "\xfe", -3}};
  response.Add(0, Of(0, output));
  response.Add(0, Of(0, Ended(FinishReason::kEndToken)));
  const JsonValue whole = Json(response.Whole());
  EXPECT_TRUE(Fits(whole, kTextCompletion));
  EXPECT_EQ(JsonText(*whole.Find("choices")->array()->at(0).Find("logprobs")),
            "{\"tokens\":[\"né\",\"w\"],\"token_logprobs\":[-0.5,-1],"
            "\"top_logprobs\":[{\"né\":-0.5,\"\xef\xbf\xbd\":-2},{}],\"text_offset\":[0,2],\"token_ids\":[5,6]}");
}

TEST(CompletionResponse, AControlTokenTakesNoPlaceInTheText) {
  CompletionResponse response(Head(), Asked(R"("prompt":"x","logprobs":1)"));
  JobOutput output;
  output.tokens = {Token(5, TokenRole::kAnswer, "<think>", -0.5), Token(6, TokenRole::kAnswer, "é", -1),
                   Token(7, TokenRole::kAnswer, "w", -1)};
  output.tokens[0].named = true;
  response.Add(0, Of(0, output));
  response.Add(0, Of(0, Ended(FinishReason::kEndToken)));
  const JsonValue logprobs = *Json(response.Whole()).Find("choices")->array()->at(0).Find("logprobs");
  EXPECT_EQ(JsonText(*logprobs.Find("tokens")), "[\"<think>\",\"é\",\"w\"]");
  EXPECT_EQ(JsonText(*logprobs.Find("text_offset")), "[0,0,1]");
}

TEST(CompletionResponse, WhatAStreamSaysIsWhatTheWholeSays) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    CompletionRequest request = Asked(R"("prompt":["a","b"],"n":2,"return_token_ids":true)");
    request.options.logprobs = random() % 2 == 0;
    request.echo = random() % 2 == 0;
    std::vector<std::vector<JobEvent>> answers;
    for (uint32_t i = 0; i < 4; ++i) answers.push_back(RandomAnswer(i, random));
    const std::vector<JobEvent> events = Interleaved(answers, random);
    const auto add = [](CompletionResponse& response, JobEvent event) {
      const uint32_t index = event.choice;
      event.choice = index % 2;
      return response.Add(index / 2, event);
    };
    CompletionResponse whole(Head(), request);
    for (const JobEvent& event : events) add(whole, event);
    ASSERT_TRUE(whole.done());
    const JsonValue whole_json = Json(whole.Whole());
    EXPECT_TRUE(Fits(whole_json, kTextCompletion));

    request.options.stream = true;
    CompletionResponse stream(Head(), request);
    std::vector<std::string> texts(4), ids(4), finishes(4), logprobs(4);
    const auto append = [](const JsonValue& list, std::string& joined) {
      const std::string text = JsonText(list);
      if (text != "[]") joined += (joined.empty() ? "" : ",") + text.substr(1, text.size() - 2);
    };
    for (const JobEvent& event : events) {
      for (const std::string& payload : add(stream, event)) {
        const JsonValue chunk = Json(payload);
        ASSERT_TRUE(Fits(chunk, kTextCompletion)) << payload;
        const JsonValue& choice = chunk.Find("choices")->array()->at(0);
        const auto index = static_cast<size_t>(*choice.Find("index")->integer());
        texts[index] += *choice.Find("text")->string();
        append(*choice.Find("token_ids"), ids[index]);
        if (const JsonValue* list = choice.Find("logprobs")->Find("text_offset")) append(*list, logprobs[index]);
        if (const std::string* finish = choice.Find("finish_reason")->string()) finishes[index] += *finish;
      }
    }
    for (size_t i = 0; i < 4; ++i) {
      const JsonValue& choice = whole_json.Find("choices")->array()->at(i);
      EXPECT_EQ(*choice.Find("text")->string(), texts[i]);
      EXPECT_EQ(JsonText(*choice.Find("token_ids")), "[" + ids[i] + "]");
      EXPECT_EQ(*choice.Find("finish_reason")->string(), finishes[i]);
      if (const JsonValue* list = choice.Find("logprobs")->Find("text_offset")) {
        EXPECT_EQ(JsonText(*list), "[" + logprobs[i] + "]");
      }
    }
  }
}

TEST(CompletionResponse, AFailureOfOnePromptEndsAll) {
  CompletionResponse response(Head(), Asked(R"("prompt":["a","b"],"stream":true)"));
  response.Add(0, Of(0, JobStarted{}));
  EXPECT_THAT(response.Add(1, Of(0, JobFailed{Refusal::kMemory, "full"})),
              ElementsAre(HasSubstr("insufficient_memory")));
  EXPECT_TRUE(response.done());
  EXPECT_THAT(response.Add(0, Of(0, Said(TokenRole::kAnswer, "x"))), IsEmpty());
  EXPECT_THAT(response.Add(7, Of(0, JobStarted{})), IsEmpty());
}

// base64.b64encode(numpy.array(values, "<f4").tobytes()) for each of these.
TEST(FloatsAsBase64, AreThirtyTwoBitsLeastSignificantByteFirst) {
  EXPECT_EQ(FloatsAsBase64({}), "");
  EXPECT_EQ(FloatsAsBase64({1.0f}), "AACAPw==");
  EXPECT_EQ(FloatsAsBase64({1.0f, -2.5f}), "AACAPwAAIMA=");
  EXPECT_EQ(FloatsAsBase64({0.1f, 3.14159f, -1e-7f}), "zczMPdAPSUCVv9az");
}

TEST(EmbeddingResponse, HasTheVectorsInTheOrderOfTheInputs) {
  EmbeddingResponse response("m", EmbeddingEncoding::kFloat, 2);
  response.Add(1, Of(0, EmbeddingDone{{0.1f, 2}, 3}));
  response.Add(1, Of(0, EmbeddingDone{{9, 9}, 3}));
  response.Add(5, Of(0, EmbeddingDone{}));
  response.Add(0, Of(0, JobStarted{}));
  EXPECT_FALSE(response.done());
  response.Add(0, Of(0, EmbeddingDone{{-1, 1e-30f}, 4}));
  ASSERT_TRUE(response.done());
  EXPECT_EQ(response.Whole(), R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[-1,1e-30]},)"
                              R"({"object":"embedding","index":1,"embedding":[0.1,2]}],"model":"m",)"
                              R"("usage":{"prompt_tokens":7,"total_tokens":7}})");
  EXPECT_TRUE(Fits(Json(response.Whole()), kEmbeddingList));
  EmbeddingResponse packed("m", EmbeddingEncoding::kBase64, 1);
  packed.Add(0, Of(0, EmbeddingDone{{1}, 3}));
  EXPECT_THAT(packed.Whole(), HasSubstr(R"("embedding":"AACAPw==")"));
  EmbeddingResponse failed("m", EmbeddingEncoding::kFloat, 2);
  failed.Add(0, Of(0, EmbeddingDone{{NAN}, 3}));
  ASSERT_TRUE(failed.done());
  EXPECT_EQ(failed.error()->code, "internal_error");
}

TEST(Errors, AWorkersEndAndAFullContextAreKnownByTheirCodes) {
  const ApiError died = ErrorOf(Refusal::kWorkerDied, "killed by signal 9");
  EXPECT_EQ(died.status, 503);
  EXPECT_EQ(died.code, "worker_died");
  const ApiError full = ErrorOf(Refusal::kTooLong, "9 tokens leave no room in 8");
  EXPECT_EQ(full.code, "context_length_exceeded");
  EXPECT_EQ(full.message, "this model's maximum context length is exceeded: 9 tokens leave no room in 8");
}

TEST(ModelList, TellsWhatClientsSizePromptsBy) {
  ServedModel model{.id = "small", .created = 5, .aliases = {"gpt-4o"}};
  EXPECT_EQ(ModelJson(model),
            R"({"id":"small","object":"model","created":5,"owned_by":"candor","loaded":false,"aliases":["gpt-4o"]})");
  EXPECT_TRUE(Fits(Json(ModelJson(model)), kModelEntry));
  model.facts.emplace();
  model.loaded = true;
  model.facts->context = 4096;
  model.facts->model_context = 8192;
  model.facts->can_chat = true;
  model.facts->weight_format = "Q4_K_M";
  model.facts->file_sha256 = {"ab"};
  const std::string text = ModelJson(model);
  for (const char* part : {R"("context_length":4096)", R"("max_model_len":4096)", R"("n_ctx":4096)",
                           R"("n_ctx_train":8192)", R"("loaded":true)", R"("quantization":"Q4_K_M")",
                           R"("sha256":["ab"])", R"(["completion","embedding","chat"])"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_TRUE(Fits(Json(text), kModelEntry));
  EXPECT_TRUE(Fits(Json(ModelListJson({model, {.id = "b"}})), kModelList));
  EXPECT_EQ(ModelListJson({}), R"({"object":"list","data":[]})");
}

TEST(SmallResponses, FitTheirTables) {
  EXPECT_EQ(TokensJson("m", {.tokens = {1, 2}, .pieces = {"a", "\xff"}}),
            "{\"model\":\"m\",\"tokens\":[1,2],\"count\":2,\"pieces\":[\"a\",\"\xef\xbf\xbd\"]}");
  EXPECT_TRUE(Fits(Json(TokensJson("m", {.tokens = {1}, .pieces = {"a"}})), kTokenList));
  EXPECT_TRUE(Fits(Json(TextJson("m", {.text = "x"})), kDetokenizedText));
  EXPECT_TRUE(Fits(Json(PromptJson("m", {.prompt = "x", .tokens = {1}})), kRenderedPrompt));
  EXPECT_TRUE(Fits(Json(ClosedThoughtJson("chatcmpl-X")), kClosedThought));
  EXPECT_TRUE(Fits(Json(ServerStateJson("ok")), kServerState));
}

TEST(SystemFingerprint, ChangesWithEverythingThatChangesAnswers) {
  ModelFacts facts;
  facts.file_sha256 = {"ab", "cd"};
  const std::string first = SystemFingerprint(facts, "f16", false);
  EXPECT_THAT(first, testing::MatchesRegex("candor-numerics-1-[0-9a-f]{16}"));
  EXPECT_EQ(SystemFingerprint(facts, "f16", false), first);
  EXPECT_NE(SystemFingerprint(facts, "f32", false), first);
  EXPECT_NE(SystemFingerprint(facts, "f16", true), first);
  facts.file_sha256 = {"abc", "d"};
  EXPECT_NE(SystemFingerprint(facts, "f16", false), first);
}

TEST(Errors, HaveOpenAisShapeAndSayWhetherToTryAgain) {
  EXPECT_EQ(ErrorJson(ModelNotFound("x\n")),
            R"({"error":{"message":"the model \"x\\x0A\" is not served here; GET /v1/models lists them",)"
            R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})");
  struct Case {
    ApiError error;
    int status;
    const char* retry;
  };
  for (const Case& c : std::vector<Case>{
           {ErrorOf(Refusal::kInvalid, "x"), 400, "false"},
           {ErrorOf(Refusal::kTooLong, "x"), 400, "false"},
           {ErrorOf(Refusal::kTemplate, "x"), 400, "false"},
           {ErrorOf(Refusal::kUnsupported, "x"), 400, "false"},
           {ErrorOf(Refusal::kFile, "x"), 500, "false"},
           {ErrorOf(Refusal::kMemory, "x"), 503, "false"},
           {ErrorOf(Refusal::kInternal, "x"), 500, "false"},
           {ModelNotFound("x"), 404, "false"},
           {ModelNotAllowed("x"), 403, "false"},
           {CannotChat("x"), 400, "false"},
           {MissingKey(), 401, "false"},
           {WrongKey(), 401, "false"},
           {RouteNotFound("GET", "/x"), 404, "false"},
           {MethodNotAllowed("GET", "/x"), 405, "false"},
           {CompletionNotFound("x"), 404, "false"},
           {TooManyRequests(64, 64, 3), 429, "true"},
           {NotEnoughMemory("x", 2), 503, "true"},
           {WorkerDied(), 503, "false"},
           {ShuttingDown(), 503, "true"},
       }) {
    EXPECT_EQ(c.error.status, c.status) << c.error.code;
    EXPECT_THAT(ErrorFields(c.error), testing::Contains(Pair("x-should-retry", c.retry))) << c.error.code;
    EXPECT_TRUE(Fits(Json(ErrorJson(c.error)), kErrorBody)) << c.error.code;
  }
  EXPECT_THAT(ErrorFields(TooManyRequests(64, 64, 3)), testing::Contains(Pair("retry-after", "3")));
  EXPECT_THAT(ErrorFields(MissingKey()), testing::Contains(Pair("www-authenticate", "Bearer")));
}

}  // namespace
}  // namespace candor
