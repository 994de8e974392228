#include "chat/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/render.h"

namespace candor {
namespace {

using ::testing::ThrowsMessage;

// The messages as json.dumps writes them, in the order in which a template sees them.
std::string Dumped(const jinja::Value& messages) {
  return Render("{{ m | tojson }}", jinja::Value::MakeDict({{jinja::Value::String("m"), messages}}, nullptr));
}
jinja::Value FromJson(std::string_view json) {
  return TemplateMessages(jinja::ParseJson(json, "chat.json"), "chat.json");
}

TEST(Message, GivesTemplatesTheKeysTheyKnowInOrder) {
  std::vector<Message> messages;
  messages.push_back({.role = "user", .content = "Hi é"});
  messages.push_back(
      {.role = "assistant",
       .content = std::nullopt,
       .reasoning_content = "hm",
       .tool_calls = {{"c1", "f", R"({"b": 1, "a": [12345678901234567890123, 1.50]})"}, {"", "g", "{}"}}});
  messages.push_back({.role = "tool", .content = "", .tool_call_id = "c1", .name = "f"});
  EXPECT_EQ(
      Dumped(TemplateMessages(messages)),
      R"([{"role": "user", "content": "Hi é"}, )"
      R"({"role": "assistant", "content": null, "reasoning_content": "hm", "reasoning": "hm", "thinking": "hm", "tool_calls": [)"
      R"({"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": [12345678901234567890123, 1.5]}}}, )"
      R"({"type": "function", "function": {"name": "g", "arguments": {}}}]}, )"
      R"({"role": "tool", "content": "", "tool_call_id": "c1", "name": "f"}])");
}

TEST(Message, NamesWhatIsWrong) {
  const auto expect = [](Message message, const char* text) {
    EXPECT_THAT(
        [&] {
          TemplateMessages({Message{.role = "user", .content = ""}, message});
        },
        ThrowsMessage<FormatError>(text));
  };
  expect({.role = "user", .content = "a\xff"}, "messages[1].content: not UTF-8");
  expect({.role = "\xc0", .content = ""}, "messages[1].role: not UTF-8");
  expect({.role = "assistant", .content = "", .tool_calls = {{"", "f", "[1]"}}},
         "messages[1].tool_calls[0].arguments: not a JSON object");
  EXPECT_THROW(TemplateMessages({Message{.role = "a", .content = "", .tool_calls = {{"", "f", "{x}"}}}}), FormatError);
}

TEST(Message, KeepsJsonAsItIsButForArgumentsThatAreText) {
  const std::string kept =
      R"([{"weight": 0, "role": "user", "content": [{"type": "text", "text": "a"}]}, )"
      R"({"role": "assistant", "tool_calls": [{"function": {"arguments": {"x": 1}, "name": "f"}, "id": 5}]}, )"
      R"({"role": "x", "content": null, "tool_calls": null}])";
  EXPECT_EQ(Dumped(FromJson(kept)), kept);
  EXPECT_EQ(
      Dumped(FromJson(
          R"([{"role": "a", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{\"b\": 1, \"a\": 2.0}"}}, )"
          R"({"name": "g", "arguments": "{}"}]}])")),
      R"([{"role": "a", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"b": 1, "a": 2.0}}}, )"
      R"({"name": "g", "arguments": {}}]}])");
}

// Templates read the thought of a past answer as `reasoning_content` (most), `thinking` (gpt-oss, LFM2.5) or
// `reasoning`.
TEST(Message, GivesReasoningUnderAllItsNames) {
  EXPECT_EQ(
      Dumped(FromJson(R"([{"role": "assistant", "thinking": "hm", "content": "a"}])")),
      R"([{"role": "assistant", "thinking": "hm", "content": "a", "reasoning_content": "hm", "reasoning": "hm"}])");
  EXPECT_EQ(Dumped(FromJson(R"([{"role": "assistant", "reasoning": "b", "reasoning_content": "a"}])")),
            R"([{"role": "assistant", "reasoning": "b", "reasoning_content": "a", "thinking": "a"}])");
  EXPECT_EQ(Dumped(FromJson(R"([{"role": "a", "tool_calls": [], "reasoning": ""}])")),
            R"([{"role": "a", "tool_calls": [], "reasoning": "", "reasoning_content": "", "thinking": ""}])");
  for (const char* kept :
       {R"([{"role": "assistant", "reasoning_content": null}])", R"([{"role": "a", "thinking": [1]}])"}) {
    EXPECT_EQ(Dumped(FromJson(kept)), kept);
  }
}

TEST(Message, RefusesJsonThatIsNoConversation) {
  const auto expect = [](std::string_view json, const char* text) {
    EXPECT_THAT([&] { FromJson(json); }, ThrowsMessage<FormatError>(text)) << json;
  };
  expect("{}", "chat.json: not a list of messages");
  expect("[1]", "chat.json: messages[0]: not an object");
  expect(R"([{"role": "user"}, {"content": "a"}])", "chat.json: messages[1].role: must be a string");
  expect(R"([{"role": 1}])", "chat.json: messages[0].role: must be a string");
  expect(R"([{"role": "a", "tool_calls": [1]}])", "chat.json: messages[0].tool_calls[0]: not an object");
  expect(R"([{"role": "a", "tool_calls": [{"function": {"arguments": "[]"}}]}])",
         "chat.json: messages[0].tool_calls[0].function.arguments: not a JSON object");
}

}  // namespace
}  // namespace candor
