// The lines of a chat that begin with '/': what they mean, as plain values.
#ifndef CANDOR_CLI_CHAT_COMMAND_H_
#define CANDOR_CLI_CHAT_COMMAND_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

enum class ChatVerb : uint8_t { kHelp, kReset, kSystem, kThink, kSave, kStats, kSet, kRegenerate, kPrompt, kExit };

struct ChatCommand {
  ChatVerb verb;
  std::string argument;  // without blanks at its ends; may have line ends
};

// Empty when `line` is a message to the model: it does not begin with '/'. Throws UsageError for a command that does
// not exist (naming the nearest) or that lacks its argument or has one it does not take.
std::optional<ChatCommand> ParseChatCommand(std::string_view line);

// The text of /help.
std::string ChatHelp();

// Completion: what the last word of `before_cursor` may become, where that is a command or a word that one takes.
// `settings` are the names that /set knows.
std::vector<std::string> CompleteChatCommand(std::string_view before_cursor, const std::vector<std::string>& settings);

}  // namespace candor

#endif  // CANDOR_CLI_CHAT_COMMAND_H_
