#include "chat/template.h"

#include "base/check.h"
#include "base/utf8.h"
#include "chat/jinja/evaluator.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/parser.h"

namespace candor {

struct ChatTemplate::Impl {
  std::string source;
  TemplateLimits limits;
  jinja::Template parsed;
};

namespace {

[[noreturn]] void Rethrow(const jinja::Failure& failure, const std::string& source, int line) {
  const std::string message =
      source + ":" + std::to_string(failure.line > 0 ? failure.line : line) + ": " + failure.message;
  switch (failure.kind) {
    case jinja::Failure::Kind::kRaised:
      throw TemplateRaised(message);
    case jinja::Failure::Kind::kLimit:
      throw LimitError(message);
    default:
      throw TemplateError(message);
  }
}

}  // namespace

ChatTemplate ChatTemplate::Parse(std::string_view text, std::string source, const TemplateLimits& limits) {
  if (text.size() > limits.source_bytes) {
    throw LimitError(source + ": a template of " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(limits.source_bytes) + " are read");
  }
  if (!IsValidUtf8(text)) throw TemplateError(source + ": the template is not UTF-8");
  try {
    auto parsed = jinja::Parse(text, limits);
    return ChatTemplate(std::make_unique<Impl>(Impl{std::move(source), limits, std::move(parsed)}));
  } catch (const jinja::Failure& failure) {
    Rethrow(failure, source, 1);
  }
}

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::source() const { return impl_->source; }

std::string ChatTemplate::Render(const jinja::Value& variables, int64_t now) const {
  CHECK(variables.is(jinja::Kind::kDict));
  // The evaluator goes first: its frames hold values whose namespaces the runtime clears.
  jinja::Runtime runtime(impl_->limits, now);
  jinja::Evaluator evaluator(runtime, variables);
  try {
    return evaluator.Run(impl_->parsed);
  } catch (const jinja::Failure& failure) {
    Rethrow(failure, impl_->source, evaluator.line());
  }
}

}  // namespace candor
