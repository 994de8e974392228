#include "api/chat_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/request_verdict.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

std::string Body(const std::string& more) {
  return R"({"model":"m","messages":[{"role":"user","content":"Hi"}])" + (more.empty() ? "" : "," + more) + "}";
}
ChatRequest With(const std::string& more) { return ParseChatRequest(Body(more)); }

struct Case {
  const char* more;
  const char* verdict;
};

TEST(ParseChatRequest, TakesOrRefusesEachField) {
  for (const Case& c : std::vector<Case>{
           {"", "ok"},
           // What is honoured, at the ends of its range and beyond.
           {R"("temperature":0)", "ok"},
           {R"("temperature":10)", "ok"},
           {R"("temperature":10.01)", "invalid_value temperature"},
           {R"("temperature":-0.01)", "invalid_value temperature"},
           {R"("temperature":"1")", "invalid_type temperature"},
           {R"("temperature":null)", "ok"},
           {R"("top_p":1)", "ok"},
           {R"("top_p":1.1)", "invalid_value top_p"},
           {R"("top_k":-1)", "ok"},
           {R"("top_k":-2)", "invalid_value top_k"},
           {R"("top_k":1.5)", "invalid_type top_k"},
           {R"("top_k":1e3)", "ok"},
           {R"("n":1)", "ok"},
           {R"("n":128)", "ok"},
           {R"("n":129)", "invalid_value n"},
           {R"("n":0)", "invalid_value n"},
           {R"("n":1.0)", "ok"},
           {R"("n":true)", "invalid_type n"},
           {R"("seed":-9223372036854775808)", "ok"},
           {R"("seed":18446744073709551615)", "ok"},
           {R"("seed":18446744073709551616)", "invalid_value seed"},
           {R"("seed":1e300)", "invalid_value seed"},
           {R"("seed":-9223372036854775809)", "invalid_value seed"},
           {R"("seed":0.5)", "invalid_type seed"},
           // Beyond a double, and below the least one.
           {R"("temperature":1e400)", "invalid_value temperature"},
           {R"("temperature":1e-400)", "ok"},
           {R"("repetition_penalty":1e-400)", "invalid_value repetition_penalty"},
           {R"("seed":-1e999999999)", "invalid_value seed"},
           {R"("stop":1e400)", "invalid_type stop"},
           {R"("user":[1e400])", "ok"},
           {R"("chat_template_kwargs":{"a":1e-400})", "ok"},
           {R"("chat_template_kwargs":{"a":[0,{"b":-1e400}]})", "invalid_value chat_template_kwargs.a[1].b"},
           {R"("max_tokens":1)", "ok"},
           {R"("max_tokens":0)", "invalid_value max_tokens"},
           {R"("max_tokens":-1)", "invalid_value max_tokens"},
           {R"("max_tokens":2147483648)", "invalid_value max_tokens"},
           {R"("max_tokens":5,"max_completion_tokens":5)", "ok"},
           {R"("max_tokens":5,"max_completion_tokens":6)", "contradicting_parameters max_tokens"},
           {R"("repetition_penalty":1.1,"repeat_last_n":0)", "ok"},
           {R"("add_generation_prompt":false)", "contradicting_parameters add_generation_prompt"},
           {R"("stop":"x")", "ok"},
           {R"("stop":"")", "invalid_length stop"},
           {R"("stop":[])", "ok"},
           {R"("stop":["a",""])", "invalid_length stop[1]"},
           {R"("stop":["a",1])", "invalid_type stop[1]"},
           {R"("stop":5)", "invalid_type stop"},
           {R"("logit_bias":{"0":100,"17":-100})", "ok"},
           {R"("logit_bias":{"0":101})", "invalid_value logit_bias.0"},
           {R"("logit_bias":{"x":1})", "invalid_value logit_bias"},
           {R"("logit_bias":{"-1":1})", "invalid_value logit_bias"},
           {R"("logit_bias":{"01":1})", "invalid_value logit_bias"},
           {R"("logit_bias":{"1000000000":1})", "invalid_value logit_bias"},
           {R"("logit_bias":[])", "invalid_type logit_bias"},
           {R"("logprobs":true,"top_logprobs":20)", "ok"},
           {R"("logprobs":true,"top_logprobs":21)", "invalid_value top_logprobs"},
           {R"("logprobs":3)", "invalid_type logprobs"},
           {R"("top_logprobs":2)", "contradicting_parameters top_logprobs"},
           {R"("logprobs":false,"top_logprobs":0)", "ok"},
           {R"("stream":true,"stream_options":{"include_usage":true})", "ok"},
           {R"("stream_options":{"include_usage":1})", "invalid_type stream_options.include_usage"},
           {R"("stream_options":{"other":1})", "unknown_parameter stream_options.other"},
           {R"("continue_tokens":[1,2])", "ok"},
           {R"("continue_tokens":[-1])", "invalid_value continue_tokens[0]"},
           {R"("repetition_penalty":1.1,"repeat_penalty":1.1)", "ok"},
           {R"("repetition_penalty":1.1,"repeat_penalty":1.2)", "contradicting_parameters repeat_penalty"},
           // What changes the meaning and cannot be honoured.
           {R"("tools":[])", "ok"},
           {R"("tools":null,"tool_choice":"auto")", "ok"},
           {R"("tools":[{"type":"function","function":{"name":"f"}}])", "unsupported_parameter tools"},
           {R"("tool_choice":"none")", "ok"},
           {R"("tool_choice":"required")", "unsupported_parameter tool_choice"},
           {R"("tool_choice":{"type":"function"})", "unsupported_parameter tool_choice"},
           {R"("functions":[{"name":"f"}])", "unsupported_parameter functions"},
           {R"("response_format":{"type":"text"})", "ok"},
           {R"("response_format":{"type":"json_object"})", "unsupported_parameter response_format"},
           {R"("response_format":{"type":"json_schema","json_schema":{}})", "unsupported_parameter response_format"},
           {R"("modalities":["text"])", "ok"},
           {R"("modalities":["text","audio"])", "unsupported_parameter modalities"},
           {R"("audio":{"voice":"x"})", "unsupported_parameter audio"},
           {R"("web_search_options":{})", "unsupported_parameter web_search_options"},
           {R"("logits_processors":["x"])", "unsupported_parameter logits_processors"},
           {R"("best_of":1)", "ok"},
           {R"("best_of":2)", "unsupported_parameter best_of"},
           {R"("min_tokens":0)", "ok"},
           {R"("min_tokens":5)", "unsupported_parameter min_tokens"},
           {R"("skip_special_tokens":true)", "ok"},
           {R"("skip_special_tokens":false)", "unsupported_parameter skip_special_tokens"},
           {R"("grammar":"root ::= x")", "unsupported_parameter grammar"},
           {R"("guided_json":{})", "unsupported_parameter guided_json"},
           // What nobody knows.
           {R"("temprature":1)", "unknown_parameter temprature"},
           {R"("extra_body":{})", "unknown_parameter extra_body"},
           // Going on with a message needs one.
           {R"("continue_final_message":true)", "invalid_value continue_final_message"},
           {R"("add_generation_prompt":false)", "contradicting_parameters add_generation_prompt"},
           {R"("add_generation_prompt":true)", "ok"},
           {R"("chat_template_kwargs":{"x":1})", "ok"},
           {R"("chat_template_kwargs":{"messages":[]})", "unsupported_parameter chat_template_kwargs.messages"},
           {R"("chat_template_kwargs":[])", "invalid_type chat_template_kwargs"},
       }) {
    EXPECT_EQ(VerdictOf([&] { With(c.more); }), c.verdict) << c.more;
  }
}

TEST(ParseChatRequest, RefusesBodiesThatAreNone) {
  for (const auto& [body, verdict] : std::vector<std::pair<std::string, const char*>>{
           {"", "invalid_json"},
           {"[]", "invalid_type"},
           {"null", "invalid_type"},
           {"{}", "missing_required_parameter model"},
           {R"({"model":"m"})", "missing_required_parameter messages"},
           {R"({"model":null,"messages":[]})", "invalid_type model"},
           {R"({"model":"","messages":[]})", "invalid_length model"},
           {R"({"model":"m","messages":[]})", "invalid_length messages"},
           {R"({"model":"m","messages":{}})", "invalid_type messages"},
           {R"({"model":"m","model":"m","messages":[{"role":"user","content":""}]})", "invalid_json"},
           {Body("\"user\":\"\xff\""), "invalid_json"},
           {std::string(100'000, '['), "invalid_json"},
           {Body("") + " x", "invalid_json"},
       }) {
    EXPECT_EQ(VerdictOf([&] { ParseChatRequest(body); }), verdict) << body.substr(0, 100);
  }
}

TEST(ParseChatRequest, SaysWhyInWordsThatNameTheField) {
  try {
    With(R"("tools":[{}])");
    FAIL();
  } catch (const RequestError& error) {
    EXPECT_THAT(error.what(), HasSubstr("tools: tools are not offered"));
  }
  try {
    With(R"("max_tokens":5,"max_completion_tokens":6)");
    FAIL();
  } catch (const RequestError& error) {
    EXPECT_THAT(error.what(), HasSubstr("max_completion_tokens and max_tokens"));
  }
}

TEST(ParseChatRequest, NamesTheHintsThatHaveNoEffect) {
  const ChatRequest request = With(
      R"("user":"u","metadata":{"a":"b"},"store":true,"service_tier":null,"prediction":{"type":"content"},"temperature":1,)"
      R"("reasoning":{"summary":"auto","effort":"low"},"thinking":{"type":"enabled","display":"x"},)"
      R"("stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true})");
  EXPECT_THAT(request.ignored,
              testing::UnorderedElementsAre("user", "metadata", "store", "prediction", "reasoning.summary",
                                            "thinking.display", "stream_options.include_obfuscation"));
  EXPECT_EQ(IgnoredField({"user", "store"}), "user, store");
  EXPECT_TRUE(With("").ignored.empty());
}

std::optional<double> Sampled(const ChatRequest& request, std::string_view name) {
  for (size_t i = 0; i < SamplingFields().size(); ++i) {
    if (SamplingFields()[i].name == name) return request.job.sampling.values.at(i);
  }
  ADD_FAILURE() << name;
  return std::nullopt;
}

TEST(ParseChatRequest, FillsTheJob) {
  const ChatRequest request = With(
      R"("temperature":0.25,"top_k":-1,"top_p":0.5,"min_p":0.125,"typical_p":0.75,"presence_penalty":1,
         "frequency_penalty":-2,"repetition_penalty":1.5,"repetition_window":-1,"logit_bias":{"5":-100,"7":2.5},
         "seed":-1,"n":3,"first_choice":2,"stop":["a","b"],"max_completion_tokens":9,"ignore_eos":true,
         "continue_tokens":[4,5],"logprobs":true,"top_logprobs":2,"stream":true,
         "stream_options":{"include_usage":true},"return_token_ids":true,"return_progress":true)");
  EXPECT_EQ(request.model, "m");
  EXPECT_EQ(Sampled(request, "temperature"), 0.25);
  EXPECT_EQ(Sampled(request, "top_k"), 0);
  EXPECT_EQ(Sampled(request, "top_p"), 0.5);
  EXPECT_EQ(Sampled(request, "min_p"), 0.125);
  EXPECT_EQ(Sampled(request, "typical_p"), 0.75);
  EXPECT_EQ(Sampled(request, "presence_penalty"), 1);
  EXPECT_EQ(Sampled(request, "frequency_penalty"), -2);
  EXPECT_EQ(Sampled(request, "repetition_penalty"), 1.5);
  EXPECT_EQ(Sampled(request, "repetition_window"), 0);
  ASSERT_EQ(request.job.sampling.logit_bias.size(), 2u);
  EXPECT_EQ(request.job.sampling.logit_bias[1].token, 7);
  EXPECT_EQ(request.job.sampling.logit_bias[1].bias, 2.5);
  EXPECT_TRUE(request.seed_given);
  EXPECT_EQ(request.job.seed, UINT64_MAX);
  EXPECT_EQ(request.job.choices, 3u);
  EXPECT_EQ(request.job.first_choice, 2u);
  EXPECT_THAT(request.job.stop, ElementsAre("a", "b"));
  EXPECT_EQ(request.job.max_tokens, 9u);
  EXPECT_TRUE(request.job.ignore_end);
  EXPECT_THAT(request.job.answer_prefix, ElementsAre(4, 5));
  EXPECT_EQ(request.job.logprobs, 2u);
  EXPECT_TRUE(request.options.logprobs && request.options.stream && request.options.include_usage &&
              request.options.token_ids && request.options.progress && request.options.reasoning);
}

TEST(ParseChatRequest, LeavesToTheModelWhatIsNotSaid) {
  const ChatRequest request = With("");
  for (const auto& value : request.job.sampling.values) EXPECT_EQ(value, std::nullopt);
  EXPECT_FALSE(request.seed_given);
  EXPECT_EQ(request.job.choices, 1u);
  EXPECT_EQ(request.job.max_tokens, std::nullopt);
  EXPECT_EQ(request.job.logprobs, std::nullopt);
  EXPECT_FALSE(request.options.stream || request.options.include_usage || request.options.logprobs);
  const auto& conversation = std::get<Conversation>(request.job.input);
  EXPECT_EQ(conversation.think.mode, ThinkMode::kModel);
  EXPECT_EQ(conversation.template_variables, "");
}

TEST(ParseChatRequest, KnowsTheOtherNamesOfThePenalty) {
  EXPECT_EQ(Sampled(With(R"("repeat_penalty":1.5,"repeat_last_n":-1)"), "repetition_window"), 0);
  EXPECT_EQ(Sampled(With(R"("repeat_penalty":1.5)"), "repetition_penalty"), 1.5);
  EXPECT_EQ(Sampled(With(R"("repeat_last_n":0)"), "repetition_penalty"), 1);
  EXPECT_EQ(Sampled(With(R"("repeat_last_n":8)"), "repetition_window"), 8);
}

TEST(ParseChatRequest, HandsVariablesToTheTemplateButForWhatSaysHowToThink) {
  const ChatRequest request =
      With(R"("chat_template_kwargs":{"enable_thinking":false,"date":"2026","deep":{"a":[1,2.5,null]}})");
  const auto& conversation = std::get<Conversation>(request.job.input);
  EXPECT_EQ(conversation.template_variables, R"({"date":"2026","deep":{"a":[1,2.5,null]}})");
  EXPECT_EQ(conversation.think.mode, ThinkMode::kOff);
}

TEST(ParseRenderRequest, TakesTheSameBodies) {
  const RenderRequest request = ParseRenderRequest(Body(R"("temperature":1,"think":true,"user":"x")"));
  EXPECT_EQ(request.model, "m");
  EXPECT_EQ(request.conversation.messages.at(0).content, "Hi");
  EXPECT_EQ(request.conversation.think.mode, ThinkMode::kOn);
  EXPECT_EQ(VerdictOf([] { ParseRenderRequest(Body(R"("tools":[1])")); }), "unsupported_parameter tools");
}

}  // namespace
}  // namespace candor
