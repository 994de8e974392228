// Completions, embeddings and the small requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/completion_request.h"
#include "api/embedding_request.h"
#include "api/request_verdict.h"
#include "api/small_requests.h"

namespace candor {
namespace {

using testing::ElementsAre;

CompletionRequest Completion(const std::string& more) {
  return ParseCompletionRequest(R"({"model":"m",)" + more + "}");
}
EmbeddingRequest Embedding(const std::string& more) { return ParseEmbeddingRequest(R"({"model":"m",)" + more + "}"); }

TEST(ParseCompletionRequest, TakesOrRefusesEachField) {
  for (const auto& [more, verdict] : std::vector<std::pair<const char*, const char*>>{
           {R"("prompt":"x")", "ok"},
           {R"("prompt":"")", "invalid_length prompt"},
           {R"("prompt":[])", "invalid_length prompt"},
           {R"("prompt":[[]])", "invalid_length prompt[0]"},
           {R"("prompt":["a",""])", "invalid_length prompt[1]"},
           {R"("prompt":["a",1])", "invalid_type prompt[1]"},
           {R"("prompt":[1,"a"])", "invalid_type prompt[1]"},
           {R"("prompt":[1,1.5])", "invalid_type prompt[1]"},
           {R"("prompt":[[1],[-1]])", "invalid_value prompt[1][0]"},
           {R"("prompt":null)", "invalid_type prompt"},
           {R"("stream":true)", "missing_required_parameter prompt"},
           {R"("prompt":"x","suffix":"y")", "unsupported_parameter suffix"},
           {R"("prompt":"x","suffix":"")", "ok"},
           {R"("prompt":"x","best_of":1)", "ok"},
           {R"("prompt":"x","best_of":3)", "unsupported_parameter best_of"},
           {R"("prompt":"x","logprobs":20)", "ok"},
           {R"("prompt":"x","logprobs":21)", "invalid_value logprobs"},
           {R"("prompt":"x","logprobs":true)", "invalid_type logprobs"},
           {R"("prompt":"x","echo":true)", "ok"},
           {R"("prompt":[1],"echo":true)", "contradicting_parameters echo"},
           {R"("prompt":"x","echo":true,"logprobs":0)", "contradicting_parameters logprobs"},
           {R"("prompt":["a","b"],"n":64)", "ok"},
           {R"("prompt":["a","b"],"n":65)", "invalid_value n"},
           {R"("prompt":"x","messages":[])", "unknown_parameter messages"},
           {R"("prompt":"x","response_format":{"type":"json_object"})", "unsupported_parameter response_format"},
       }) {
    EXPECT_EQ(VerdictOf([&] { Completion(more); }), verdict) << more;
  }
}

TEST(ParseCompletionRequest, EveryFormOfPromptIsAListOfInputs) {
  const auto texts = Completion(R"("prompt":["a","b"],"n":2,"logprobs":0)");
  ASSERT_EQ(texts.prompts.size(), 2u);
  EXPECT_EQ(std::get<RawText>(texts.prompts[1]), "b");
  EXPECT_EQ(texts.job.choices, 2u);
  EXPECT_EQ(texts.job.logprobs, 0u);
  EXPECT_TRUE(texts.options.logprobs);
  EXPECT_EQ(texts.job.max_tokens, 16u);
  const auto tokens = Completion(R"("prompt":[5,6.0],"max_tokens":3)");
  ASSERT_EQ(tokens.prompts.size(), 1u);
  EXPECT_THAT(std::get<RawTokens>(tokens.prompts[0]), ElementsAre(5, 6));
  EXPECT_EQ(tokens.job.max_tokens, 3u);
  const auto lists = Completion(R"("prompt":[[1,2],[3]])");
  ASSERT_EQ(lists.prompts.size(), 2u);
  EXPECT_THAT(std::get<RawTokens>(lists.prompts[1]), ElementsAre(3));
}

TEST(ParseEmbeddingRequest, TakesOrRefusesEachField) {
  for (const auto& [more, verdict] : std::vector<std::pair<const char*, const char*>>{
           {R"("input":"x")", "ok"},
           {R"("input":["x","y"],"encoding_format":"base64","user":"u")", "ok"},
           {R"("input":[[1],[2]])", "ok"},
           {R"("input":"")", "invalid_length input"},
           {R"("input":{})", "invalid_type input"},
           {R"("input":"x","encoding_format":"int8")", "invalid_value encoding_format"},
           {R"("input":"x","dimensions":0)", "invalid_value dimensions"},
           {R"("input":"x","input_type":"query")", "unsupported_parameter input_type"},
           {R"("input":"x","truncate":true)", "unsupported_parameter truncate"},
           {R"("input":"x","temperature":1)", "unknown_parameter temperature"},
       }) {
    EXPECT_EQ(VerdictOf([&] { Embedding(more); }), verdict) << more;
  }
  EXPECT_EQ(Embedding(R"("input":"x","encoding_format":"base64")").encoding, EmbeddingEncoding::kBase64);
  EXPECT_EQ(Embedding(R"("input":[1,2])").inputs.size(), 1u);
}

TEST(CheckDimensions, OnlyTheModelsOwnAreOffered) {
  ModelFacts facts;
  facts.embedding_length = 576;
  const auto verdict = [&](const char* more) { return VerdictOf([&] { CheckDimensions(Embedding(more), facts); }); };
  EXPECT_EQ(verdict(R"("input":"x")"), "ok");
  EXPECT_EQ(verdict(R"("input":"x","dimensions":576)"), "ok");
  EXPECT_EQ(verdict(R"("input":"x","dimensions":256)"), "invalid_value dimensions");
}

TEST(SmallRequests, AreReadOrRefused) {
  const auto tokenize = ParseTokenizeRequest(R"({"model":"m","text":"a b","add_special":true})");
  EXPECT_EQ(tokenize.query.text, "a b");
  EXPECT_TRUE(tokenize.query.add_special);
  EXPECT_FALSE(tokenize.query.parse_special);
  EXPECT_EQ(VerdictOf([] { ParseTokenizeRequest(R"({"model":"m"})"); }), "missing_required_parameter text");
  EXPECT_THAT(ParseDetokenizeRequest(R"({"model":"m","tokens":[1,2]})").query.tokens, ElementsAre(1, 2));
  EXPECT_EQ(VerdictOf([] { ParseDetokenizeRequest(R"({"model":"m","tokens":[2147483648]})"); }),
            "invalid_value tokens[0]");
  for (const char* body : {"", " \r\n", "{}"})
    EXPECT_EQ(VerdictOf([&] { ParseCloseThoughtRequest(body); }), "ok") << body;
  EXPECT_EQ(VerdictOf([] { ParseCloseThoughtRequest(R"({"a":1})"); }), "unknown_parameter a");
  EXPECT_EQ(VerdictOf([] { ParseCloseThoughtRequest("x"); }), "invalid_json");
}

}  // namespace
}  // namespace candor
