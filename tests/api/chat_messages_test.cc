#include "api/chat_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/chat_request.h"
#include "api/request_verdict.h"

namespace candor {
namespace {

std::string Body(const std::string& messages, const std::string& more = "") {
  return R"({"model":"m","messages":)" + messages + (more.empty() ? "" : "," + more) + "}";
}
Conversation Read(const std::string& messages, const std::string& more = "") {
  return std::get<Conversation>(ParseChatRequest(Body(messages, more)).job.input);
}

TEST(ChatMessages, RolesBecomeThoseThatTemplatesKnow) {
  const auto messages = Read(R"([{"role":"developer","content":"a"},{"role":"user","content":"b","name":"Bo"},
      {"role":"tool","content":"c","tool_call_id":"1"},{"role":"function","content":"d","name":"f"}])")
                            .messages;
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[1].name, "Bo");
  EXPECT_EQ(messages[2].role, "tool");
  EXPECT_EQ(messages[2].tool_call_id, "1");
  EXPECT_EQ(messages[3].role, "tool");
  EXPECT_EQ(messages[3].name, "f");
}

TEST(ChatMessages, PartsOfTextAreJoinedByLineEnds) {
  const auto messages = Read(R"([{"role":"user","content":[{"type":"text","text":"a"},
      {"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":[]}])")
                            .messages;
  EXPECT_EQ(messages[0].content, "a\nb");
  EXPECT_EQ(messages[1].content, "");
}

TEST(ChatMessages, RefusesWhatItCannotRead) {
  for (
      const auto& [messages, verdict] : std::vector<std::pair<const char*, const char*>>{
          {R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}])",
           "invalid_value messages[0].content[0].type"},
          {R"([{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio"}]}])",
           "invalid_value messages[1].content[1].type"},
          {R"([{"role":"user","content":[{"type":"text"}]}])",
           "missing_required_parameter messages[0].content[0].text"},
          {R"([{"role":"user"}])", "missing_required_parameter messages[0].content"},
          {R"([{"role":"system","content":null}])", "missing_required_parameter messages[0].content"},
          {R"([{"role":"assistant","content":null}])", "ok"},
          {R"([{"content":"x"}])", "missing_required_parameter messages[0].role"},
          {R"([{"role":"wizard","content":"x"}])", "invalid_value messages[0].role"},
          {R"([{"role":"user","content":5}])", "invalid_type messages[0].content"},
          {R"(["x"])", "invalid_type messages[0]"},
          {R"([{"role":"assistant","function_call":{"name":"f"}}])", "unsupported_parameter messages[0].function_call"},
          {R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[1]"}}]}])",
           "invalid_value messages[0].tool_calls[0].function.arguments"},
          {R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":"}}]}])",
           "invalid_value messages[0].tool_calls[0].function.arguments"},
          {R"([{"role":"assistant","tool_calls":[{"id":"1"}]}])",
           "missing_required_parameter messages[0].tool_calls[0].function"},
      }) {
    EXPECT_EQ(VerdictOf([&] { Read(messages); }), verdict) << messages;
  }
}

TEST(ChatMessages, AnAnswerCanBeSentBackAsItCame) {
  const auto messages = Read(R"([{"role":"assistant","content":"x","refusal":null,"annotations":[],"audio":null,
      "function_call":null,"tool_calls":null,"reasoning_content":"r","reasoning":"r","id":"stored-1"}])")
                            .messages;
  EXPECT_EQ(messages[0].content, "x");
  EXPECT_EQ(messages[0].reasoning_content, "r");
}

TEST(ChatMessages, PastCallsAreReadInAnyOfTheirForms) {
  const auto messages = Read(R"([{"role":"assistant","content":null,"tool_calls":[
      {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},
      {"function":{"name":"g","arguments":{"b":[true]}}},{"function":{"name":"h","arguments":""}},
      {"function":{"name":"i"}}]}])")
                            .messages;
  const auto& calls = messages[0].tool_calls;
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].id, "1");
  EXPECT_EQ(calls[0].arguments, "{\"a\": 1}");
  EXPECT_EQ(calls[1].arguments, R"({"b":[true]})");
  EXPECT_EQ(calls[2].arguments, "{}");
  EXPECT_EQ(calls[3].arguments, "{}");
  EXPECT_EQ(messages[0].content, std::nullopt);
}

TEST(ChatMessages, ReasoningIsFoundUnderEachOfItsNames) {
  struct Case {
    const char* members;
    std::optional<std::string> reasoning;
    std::optional<std::string> content;
  };
  for (const Case& c : std::vector<Case>{
           {R"("content":"x","reasoning_content":"r")", "r", "x"},
           {R"("content":"x","reasoning":"r")", "r", "x"},
           {R"("content":"x","thinking":"r")", "r", "x"},
           {R"("content":"x","reasoning_content":null,"reasoning":"r")", "r", "x"},
           {R"("content":"x","reasoning_content":"","reasoning":"r")", "r", "x"},
           {R"("content":"x","reasoning_content":"a","reasoning":"b")", "a", "x"},
           {R"("content":"<think>\nr\n</think>\n\nx")", "r", "x"},
           {R"("content":"\n<think>r</think>x <think>y</think>")", "r", "x <think>y</think>"},
           {R"("content":"<think></think>x")", "", "x"},
           // Not at the beginning, not closed, or beside a field: it is text.
           {R"("content":"x <think>r</think>")", std::nullopt, "x <think>r</think>"},
           {R"("content":"<think>r")", std::nullopt, "<think>r"},
           {R"("content":"<think>a</think>x","reasoning":"r")", "r", "<think>a</think>x"},
       }) {
    const Message message = Read(std::string(R"([{"role":"assistant",)") + c.members + "}]").messages.at(0);
    EXPECT_EQ(message.reasoning_content, c.reasoning) << c.members;
    EXPECT_EQ(message.content, c.content) << c.members;
  }
  EXPECT_EQ(Read(R"([{"role":"user","content":"<think>r</think>x"}])").messages[0].content, "<think>r</think>x");
}

TEST(ChatMessages, TheLastMessageCanBeGoneOnWith) {
  const std::string user = R"([{"role":"user","content":"Hi"},)";
  struct Case {
    const char* last;
    const char* more;
    const char* verdict;
  };
  for (const Case& c : std::vector<Case>{
           {R"({"role":"assistant","content":"Yo"})", R"("continue_final_message":true)", "ok"},
           {R"({"role":"assistant","content":"Yo"})", R"("continue_final_message":true,"add_generation_prompt":false)",
            "ok"},
           {R"({"role":"assistant","content":"Yo"})", R"("continue_final_message":true,"add_generation_prompt":true)",
            "contradicting_parameters add_generation_prompt"},
           {R"({"role":"assistant","content":"Yo","prefix":true})", R"("stream":false)", "ok"},
           {R"({"role":"assistant","content":"Yo","partial":true})", R"("stream":false)", "ok"},
           {R"({"role":"assistant","content":"Yo","prefix":true})", R"("continue_final_message":false)",
            "contradicting_parameters messages[1].prefix"},
           {R"({"role":"user","content":"Yo","prefix":true})", R"("stream":false)", "invalid_value messages[1].prefix"},
           {R"({"role":"assistant","content":"","prefix":true})", R"("stream":false)",
            "invalid_value messages[1].prefix"},
           {R"({"role":"assistant","content":null,"reasoning":"r","prefix":true})", R"("stream":false)", "ok"},
           {R"({"role":"assistant","content":"x","tool_calls":[{"function":{"name":"f"}}],"prefix":true})",
            R"("stream":false)", "invalid_value messages[1].prefix"},
       }) {
    const std::string messages = user + c.last + "]";
    EXPECT_EQ(VerdictOf([&] { EXPECT_TRUE(Read(messages, c.more).continue_last); }), c.verdict) << c.last << c.more;
  }
  EXPECT_EQ(
      VerdictOf([&] { Read(R"([{"role":"assistant","content":"a","prefix":true},{"role":"user","content":"b"}])"); }),
      "invalid_value messages[0].prefix");
  EXPECT_FALSE(Read(R"([{"role":"assistant","content":"a"}])").continue_last);
}

TEST(ChatMessages, AnOpenThoughtCanBeGoneOnWith) {
  const auto last = [](const char* content) {
    return Read(std::string(R"([{"role":"user","content":"Hi"},{"role":"assistant","prefix":true,"content":")") +
                content + "\"}]")
        .messages.back();
  };
  EXPECT_EQ(last("<think>\\nso far ").reasoning_content, "so far ");
  EXPECT_EQ(last("<think>\\nso far ").content, std::nullopt);
  for (const char* content : {"null", "\"\"", "[]"}) {
    const Message open =
        Read(std::string(R"([{"role":"assistant","prefix":true,"reasoning":"r ","content":)") + content + "}]")
            .messages.back();
    EXPECT_EQ(open.reasoning_content, "r ") << content;
    EXPECT_EQ(open.content, std::nullopt) << content;
  }
  // Closed: the answer comes next.
  EXPECT_EQ(last("<think>done</think>").reasoning_content, "done");
  EXPECT_EQ(last("<think>done</think>").content, "");
}

}  // namespace
}  // namespace candor
