// Messages on channels (ChannelFormat): the harmony format of gpt-oss.
//
// An answer is <|start|>HEADER<|message|>TEXT<|end|> again and again, and the prompt ends inside the first header:
// <|start|>assistant. A header is
//   assistant[ to=RECIPIENT]<|channel|>CHANNEL[ to=RECIPIENT][ TYPE|<|constrain|>TYPE]
// Its tokens are marks. What the text is:
//   a recipient is named    a call of the tool RECIPIENT, on whatever channel
//   analysis                reasoning
//   final, commentary       answer: a commentary for nobody tells the user what is going to be done
// A recipient that is a reader of the conversation ("assistant", "user", "all") is no tool.
//
// A model may write anything, and no text of it is lost:
//   - A header that has its <|message|> is a header whatever it spells; on another channel, or none, the text is
//   answer.
//   - Where a header ends without one (at the end of a message or of the answer, at <|start|>, behind kMaxHeaderBytes),
//     the words above are taken off its beginning and the rest is the text.
//   - What else stands before a <|channel|> is text, of the channel before it where that is the second; the last
//   counts.
//   - <|channel|> begins a header where none is open, <|message|> a text; text between two messages is answer.
//   - <|message|> and <|constrain|> inside a text are marks without effect.
#ifndef CANDOR_CHAT_CHANNEL_SPLITTER_H_
#define CANDOR_CHAT_CHANNEL_SPLITTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chat/answer_splitter.h"

namespace candor {

inline constexpr size_t kMaxHeaderBytes = 256;

class ChannelSplitter : public AnswerSplitter {
 public:
  // `control.format` holds a ChannelFormat.
  explicit ChannelSplitter(const ThinkingControl& control);

 protected:
  TokenRole DoAdd(TokenId token, std::string_view bytes, bool forced) override;
  void DoFinish() override;

 private:
  enum class State : uint8_t { kBetween, kHeader, kText };
  struct HeaderToken {
    size_t end;  // in section_
    bool forced;
  };

  void BeginHeader(bool at_channel);
  void BeginSection(bool is_channel);
  size_t ReadSection();
  size_t GiveUpHeader(bool text_follows);
  void EmitSection(size_t from);
  void BeginText();
  void Forget();
  TokenRole AddText(std::string_view bytes, bool forced);

  const ChannelFormat format_;
  State state_ = State::kBetween;
  // Of the header under way: what stands before its <|channel|>, or behind it.
  bool in_channel_ = false;
  std::string section_;
  size_t type_at_ = std::string::npos;       // where <|constrain|> stood in it
  std::vector<HeaderToken> section_tokens_;  // those with bytes
  size_t header_bytes_ = 0;
  std::string channel_, recipient_;  // as read so far
};

}  // namespace candor

#endif  // CANDOR_CHAT_CHANNEL_SPLITTER_H_
