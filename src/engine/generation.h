// One answer as text: the tokens of a request in, reasoning, answer text and calls of tools out. The same for a stream
// and for a whole answer, because both go through it.
#ifndef CANDOR_ENGINE_GENERATION_H_
#define CANDOR_ENGINE_GENERATION_H_

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/request.h"
#include "tokenizer/tokenizer.h"

namespace candor {

struct GenerationOptions {
  // The answer goes on with a text rather than beginning one (a base model's completion): a leading space stays.
  bool continues = false;
  // The answer (not the reasoning, nor a call) ends before the first of these; they are never emitted. None may be
  // empty.
  std::vector<std::string> stop = {};
};

struct ReasoningText {
  std::string text;
};
struct AnswerText {
  std::string text;
};
// A piece of the model's call of a tool. The first of each call comes when it begins, its text may be empty.
struct ToolCallText {
  uint32_t call = 0;      // 0 for the answer's first call, 1 for the next
  std::string recipient;  // the same in every piece: "functions.get_weather"
  std::string text;       // what is said to the tool, mostly JSON
};
struct TextFinished {
  FinishReason reason = FinishReason::kEndToken;
  Usage usage;
};
struct TextFailed {
  std::string message;
  Usage usage;
};

// Text is whole UTF-8 characters. Blank characters at both ends of a thought, and between a thought and what follows
// it, are left out; the tokens have them. An empty line joins thoughts, and messages of the answer, where there are
// several. The last event is TextFinished or TextFailed, and there is exactly one.
using TextEvent = std::variant<ReasoningText, AnswerText, ToolCallText, TextFinished, TextFailed>;

// The text side of one request. Not thread-safe.
class Generation {
 public:
  // `request` is the one that was submitted. Keeps a reference to `tokenizer`. Throws UsageError for
  // stop strings that StopStrings refuses.
  Generation(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& options);
  ~Generation();

  // What can be shown after `event`, which must be of this request; events after the last are ignored.
  std::vector<TextEvent> Add(const Event& event);

  // Whether a stop string has ended the text while the request still runs. Cancel it then: its end comes as
  // TextFinished with kStopString, and no text before that.
  bool stopped() const;
  // Whether TextFinished or TextFailed has come.
  bool finished() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_GENERATION_H_
