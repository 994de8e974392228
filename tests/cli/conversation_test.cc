#include "cli/conversation.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

ChatConversation Sample() {
  ChatConversation conversation;
  conversation.SetSystem("Be brief.");
  conversation.AddUser("2 + 2?");
  AnswerSettings settings{.choice = 2};
  settings.sampling.temperature = 0.25;
  settings.sampling.logit_bias = {{5, -1.5}};
  conversation.AddAssistant("4", "two\nand two", settings);
  return conversation;
}

TEST(ChatConversation, PutsTheSystemMessageInFront) {
  const std::vector<Message> messages = Sample().messages();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[2].reasoning_content, "two\nand two");
}

TEST(ChatConversation, TakesMessagesBack) {
  ChatConversation conversation = Sample();
  EXPECT_TRUE(conversation.ends_with_answer());
  conversation.RemoveLast();
  EXPECT_FALSE(conversation.ends_with_answer());
  EXPECT_TRUE(conversation.settings().empty());
  conversation.Clear();
  EXPECT_TRUE(conversation.empty());
  EXPECT_FALSE(conversation.ends_with_answer());
  EXPECT_EQ(conversation.messages().size(), 1u);
}

TEST(ConversationAsMarkdown, QuotesReasoning) {
  EXPECT_EQ(ConversationAsMarkdown(Sample(), {"m", "ab", 7}),
            "# A conversation with m\n\nModel SHA-256 `ab`, seed 7\n\n## System\n\nBe brief.\n\n## You\n\n2 + 2?\n\n"
            "## Answer\n\n> two\n> and two\n\n4\n");
}

TEST(ConversationAsJson, HasTheMessagesOfChatApis) {
  EXPECT_EQ(ConversationAsJson(Sample(), {"m", "ab", 7}),
            "{\"model\":\"m\",\"model_sha256\":\"ab\",\"seed\":7,\"messages\":[{\"role\":\"system\",\"content\":\"Be "
            "brief.\"},{\"role\":\"user\",\"content\":\"2 + 2?\"},{\"role\":\"assistant\",\"content\":\"4\","
            "\"reasoning_content\":\"two\\nand two\"}],\"answers\":[{\"choice\":2,\"sampling\":{"
            "\"repetition_penalty\":1E0,\"repetition_window\":64,\"frequency_penalty\":0E0,\"presence_penalty\":0E0,"
            "\"temperature\":2.5E-1,\"top_k\":0,\"top_p\":9E-1,\"min_p\":0E0,\"typical_p\":1E0,"
            "\"logit_bias\":[{\"token\":5,\"bias\":-1.5E0}]}}]}\n");
}

}  // namespace
}  // namespace candor
