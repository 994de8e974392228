// One answer as text: the tokens of a request in, reasoning and answer text out. The same for a stream and for a whole
// answer, because both go through it.
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
  // The answer (not the reasoning) ends before the first of these; they are never emitted. None may be empty.
  std::vector<std::string> stop;
};

struct ReasoningText {
  std::string text;
};
struct AnswerText {
  std::string text;
};
struct TextFinished {
  FinishReason reason = FinishReason::kEndToken;
  Usage usage;
};
struct TextFailed {
  std::string message;
  Usage usage;
};

// Text is whole UTF-8 characters. The last event is TextFinished or TextFailed, and there is exactly one.
using TextEvent = std::variant<ReasoningText, AnswerText, TextFinished, TextFailed>;

// The text side of one request. Not thread-safe.
class Generation {
 public:
  // `request` is the one that was submitted. Keeps a reference to `tokenizer`. Throws UsageError for a bad option.
  Generation(const Tokenizer& tokenizer, const Request& request, const GenerationOptions& options);
  ~Generation();

  // What can be shown after `event`, which must be of this request; events after the last are ignored.
  std::vector<TextEvent> Add(const Event& event);

  // Whether TextFinished or TextFailed has come. When a stop string made it, the request still runs: cancel it.
  bool finished() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_GENERATION_H_
