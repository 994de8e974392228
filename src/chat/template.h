// Chat templates: an interpreter for the part of Jinja that published templates use.
//
// Renders as Hugging Face transformers configures Jinja2 (trim_blocks, lstrip_blocks, loop controls, `tojson` without
// HTML escapes, raise_exception, strftime_now). No reflection: a template sees the values it is given, and the
// filters, tests and methods of the documented list, nothing else.
#ifndef CANDOR_CHAT_TEMPLATE_H_
#define CANDOR_CHAT_TEMPLATE_H_

#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace candor {

// A template that does not parse or that fails while rendering; the message names source and line.
class TemplateError : public Error {
 public:
  using Error::Error;
};

// The template itself refused its input by raise_exception(message).
class TemplateRaised : public TemplateError {
 public:
  using TemplateError::TemplateError;
};

struct TemplateLimits {
  uint64_t steps = 1'000'000;        // nodes evaluated
  uint64_t output_bytes = 4u << 20;  // also the limit of any string made on the way
  uint32_t depth = 64;               // nesting of the source, and of calls
  std::chrono::milliseconds time{250};
  uint64_t source_bytes = 1u << 20;
};

// A parsed template. Immutable: any number of threads may render one.
class ChatTemplate {
 public:
  // Throws TemplateError with the line. `source` is what messages call the template.
  static ChatTemplate Parse(std::string_view text, std::string source, const TemplateLimits& limits = {});
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Renders with the members of `variables` (keys keep their order). `now` is what strftime_now sees, in local
  // wall-clock seconds since 1970. Throws TemplateError, TemplateRaised or LimitError.
  std::string Render(const boost::json::object& variables, int64_t now) const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace candor

#endif  // CANDOR_CHAT_TEMPLATE_H_
