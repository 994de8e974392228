// The words of OpenAI's harmony format, in which answers are messages on channels: chat/channel_splitter.h has the
// grammar.
#ifndef CANDOR_CHAT_HARMONY_WORDS_H_
#define CANDOR_CHAT_HARMONY_WORDS_H_

#include <string_view>

namespace candor::harmony {

// Control tokens, by their names.
inline constexpr std::string_view kStart = "<|start|>";
inline constexpr std::string_view kChannel = "<|channel|>";
inline constexpr std::string_view kConstrain = "<|constrain|>";
inline constexpr std::string_view kMessage = "<|message|>";
inline constexpr std::string_view kEnd = "<|end|>";
inline constexpr std::string_view kReturn = "<|return|>";
inline constexpr std::string_view kCall = "<|call|>";

// Words of a header: a role, and the channels.
inline constexpr std::string_view kAssistant = "assistant";
inline constexpr std::string_view kAnalysis = "analysis";
inline constexpr std::string_view kCommentary = "commentary";
inline constexpr std::string_view kFinal = "final";

}  // namespace candor::harmony

#endif  // CANDOR_CHAT_HARMONY_WORDS_H_
