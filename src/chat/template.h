// Chat templates: an interpreter for the part of Jinja that published templates use.
//
// Renders as Hugging Face transformers configures Jinja2: the immutable sandbox with trim_blocks, lstrip_blocks, loop
// controls, generation blocks, `tojson` without HTML escapes, raise_exception and strftime_now. No reflection: a
// template sees the values it is given, and the filters, tests, functions and methods of the interpreter's tables,
// nothing else. What cannot be run as the reference would run it is an error, never a guess.
#ifndef CANDOR_CHAT_TEMPLATE_H_
#define CANDOR_CHAT_TEMPLATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "chat/jinja/limits.h"
#include "chat/jinja/value.h"

namespace candor {

// A template that does not parse or that fails while rendering; the message is "SOURCE:LINE: what", and where the
// reference fails too, `what` is its message.
class TemplateError : public Error {
 public:
  using Error::Error;
};

// The template itself refused its input by raise_exception(message).
class TemplateRaised : public TemplateError {
 public:
  using TemplateError::TemplateError;
};

// A parsed template. Immutable: any number of threads may render one.
class ChatTemplate {
 public:
  // Throws TemplateError with the line, or LimitError. `source` is what messages call the template.
  static ChatTemplate Parse(std::string_view text, std::string source, const TemplateLimits& limits = {});
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Renders with the entries of `variables`, a dict with string keys (jinja/json.h makes one of JSON text). `now` is
  // what strftime_now sees, in local wall-clock seconds since 1970. Throws TemplateError, TemplateRaised or LimitError.
  std::string Render(const jinja::Value& variables, int64_t now) const;

  // What messages call the template.
  const std::string& source() const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_CHAT_TEMPLATE_H_
