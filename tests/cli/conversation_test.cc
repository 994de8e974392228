#include "cli/conversation.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

Conversation Sample() {
  Conversation conversation;
  conversation.SetSystem("Be brief.");
  conversation.AddUser("2 + 2?");
  conversation.AddAssistant("4", "two\nand two");
  return conversation;
}

TEST(Conversation, PutsTheSystemMessageInFront) {
  const std::vector<Message> messages = Sample().messages();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].role, "user");
  EXPECT_EQ(messages[2].reasoning_content, "two\nand two");
}

TEST(Conversation, TakesMessagesBack) {
  Conversation conversation = Sample();
  EXPECT_TRUE(conversation.ends_with_answer());
  conversation.RemoveLast();
  EXPECT_FALSE(conversation.ends_with_answer());
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
            "\"reasoning_content\":\"two\\nand two\"}]}\n");
}

}  // namespace
}  // namespace candor
