#include "cli/chat_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Error(std::string_view line) {
  try {
    ParseChatCommand(line);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ParseChatCommand, LeavesMessagesAlone) {
  EXPECT_FALSE(ParseChatCommand("hello"));
  EXPECT_FALSE(ParseChatCommand(" /usr/bin is a folder"));
  EXPECT_FALSE(ParseChatCommand(""));
}

TEST(ParseChatCommand, SplitsVerbAndArgument) {
  EXPECT_EQ(ParseChatCommand("/reset")->verb, ChatVerb::kReset);
  EXPECT_EQ(ParseChatCommand("/clear  ")->verb, ChatVerb::kReset);
  EXPECT_EQ(ParseChatCommand("/bye")->verb, ChatVerb::kExit);
  const auto command = ParseChatCommand("/system  Be brief.\nBe kind. ");
  EXPECT_EQ(command->verb, ChatVerb::kSystem);
  EXPECT_EQ(command->argument, "Be brief.\nBe kind.");
  EXPECT_EQ(ParseChatCommand("/system")->argument, "");
}

TEST(ParseChatCommand, ExplainsWhatIsWrong) {
  EXPECT_THAT(Error("/rest"), HasSubstr("no command /rest; did you mean /reset? /help lists them"));
  EXPECT_THAT(Error("/foo"), HasSubstr("no command /foo; /help lists them"));
  EXPECT_THAT(Error("/usr/bin"), HasSubstr("needs a space before it"));
  EXPECT_THAT(Error("/save"), HasSubstr("/save NAME"));
  EXPECT_THAT(Error("/reset now"), HasSubstr("takes no argument"));
}

TEST(ChatHelp, NamesEveryCommandOnce) {
  const std::string help = ChatHelp();
  for (const char* name : {"/help", "/reset", "/system", "/think", "/save", "/stats", "/set", "/regenerate", "/exit"}) {
    const size_t at = help.find(std::string("  ") + name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_EQ(help.find(std::string("\n  ") + name + " ", at + 1), std::string::npos) << name;
  }
}

TEST(CompleteChatCommand, OffersCommandsAndTheirWords) {
  EXPECT_THAT(CompleteChatCommand("/re", {}), ElementsAre("/regenerate", "/reset"));
  EXPECT_THAT(CompleteChatCommand("/think o", {}), ElementsAre("on", "off"));
  EXPECT_THAT(CompleteChatCommand("/think l", {}), ElementsAre("low"));
  EXPECT_THAT(CompleteChatCommand("/set top-", {"top-k", "top-p", "min-p"}), ElementsAre("top-k", "top-p"));
  EXPECT_THAT(CompleteChatCommand("/set top-k 1", {"top-k"}), IsEmpty());
  EXPECT_THAT(CompleteChatCommand("hello /re", {}), IsEmpty());
  EXPECT_THAT(CompleteChatCommand("", {}), IsEmpty());
}

}  // namespace
}  // namespace candor
