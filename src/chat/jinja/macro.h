// A macro, or the block of a call block, as a value that can be called.
#ifndef CANDOR_CHAT_JINJA_MACRO_H_
#define CANDOR_CHAT_JINJA_MACRO_H_

#include "chat/jinja/evaluator.h"
#include "chat/jinja/object.h"

namespace candor::jinja {

class Macro final : public Object {
 public:
  // `frame` is pinned.
  Macro(Evaluator& evaluator, const MacroStatement& statement, Frame* frame)
      : evaluator_(evaluator), statement_(statement), frame_(frame) {}
  std::string_view TypeName() const override { return "Macro"; }
  std::string QualifiedTypeName() const override { return "jinja2.runtime.Macro"; }
  bool IsCallable() const override { return true; }
  Value Call(Runtime&, Arguments arguments) override {
    return evaluator_.CallMacro(statement_, frame_, std::move(arguments));
  }
  std::optional<Value> Attribute(Runtime& runtime, std::string_view name) override;
  bool Repr(Runtime&, TextBuilder& out) override;

 private:
  Evaluator& evaluator_;
  const MacroStatement& statement_;
  Frame* frame_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_MACRO_H_
