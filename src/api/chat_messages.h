// The messages of a request as those of a conversation.
#ifndef CANDOR_API_CHAT_MESSAGES_H_
#define CANDOR_API_CHAT_MESSAGES_H_

#include <vector>

#include "api/json_value.h"
#include "chat/message.h"

namespace candor {

struct ChatMessages {
  std::vector<Message> messages = {};
  bool continue_last = false;
};

// Reads `messages` and the fields that say how the last one goes on, of a `body` that fits kChatRequest. Roles become
// those that templates know, parts of text one text, and a thought that an assistant's content begins with becomes its
// reasoning. Of a message that is gone on with, content is there and empty only where it was a thought that is closed
// by its mark: the answer comes next. Throws RequestError naming the message and its member.
ChatMessages ReadChatMessages(const JsonValue& body);

}  // namespace candor

#endif  // CANDOR_API_CHAT_MESSAGES_H_
