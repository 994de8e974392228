// Keeps the words of a conversation from spelling the tokens that mark its turns.
//
// A template writes special tokens ("<|im_start|>") around the texts of a conversation, so the prompt that it renders
// is encoded with special tokens recognised. What a message itself spells has to stay text, or whoever writes a message
// could end his turn and begin another's. So each place of a message where a guarded token might begin is marked before
// the template runs; afterwards the marks come out of the prompt, and their places are where no special token counts.
// Guarded are all control tokens, and those user-defined ones that the template writes: DeepSeek marks turns with such.
//
// A mark is U+2042, a number and U+203B: no space to trim, no letter to change, and neither repr() nor tojson escapes
// it. The number is a part of the SHA-256 of the conversation, so that nothing in it, nor parts of it joined by the
// template, makes a mark.
#ifndef CANDOR_CHAT_CONTROL_TOKEN_GUARD_H_
#define CANDOR_CHAT_CONTROL_TOKEN_GUARD_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/value.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/tokenizer.h"

namespace candor {

// A prompt, and the places where special tokens do not count: for Tokenizer::EncodeGuarded.
struct GuardedText {
  std::string text;
  std::vector<size_t> literal;  // byte offsets, ascending
};

class ControlTokenGuard {
 public:
  // `chat_template`: its text; empty to guard control tokens alone. `allowed_in_answers`: marks that a model writes
  // into its answers and that templates look for in them.
  ControlTokenGuard(const Tokenizer& tokenizer, std::string_view chat_template,
                    std::vector<std::string> allowed_in_answers);

  struct Marked {
    jinja::Value messages;
    std::string mark;
  };
  // `messages` as TemplateMessages() makes them. Marked are all strings of a message, but for the names of its fields:
  //   - before every character that a guarded token begins with, unless that is an ASCII letter or digit;
  //   - for those, where a whole guarded token stands, or the text ends inside of one;
  //   - not where another user-defined token begins: it counts in any text.
  Marked Mark(const jinja::Value& messages) const;

  // What a template made of marked messages.
  static GuardedText Unmark(std::string_view rendered, std::string_view mark);

 private:
  // `end`: where the text ends, blanks aside.
  bool MightBegin(std::string_view text, size_t at, size_t end, bool is_answer) const;
  std::string WithMarks(std::string_view text, std::string_view mark, bool is_answer) const;
  jinja::Value Walk(const jinja::Value& value, std::string_view mark, bool is_answer) const;

  AddedTokens special_;                                // all that Encode finds in a text; `control`: guarded
  std::array<std::vector<std::string>, 256> guarded_;  // by their first byte
  std::vector<std::string> allowed_in_answers_;
};

}  // namespace candor

#endif  // CANDOR_CHAT_CONTROL_TOKEN_GUARD_H_
