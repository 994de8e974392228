// The variable `loop` of a for loop, which is the loop itself: it hands out the elements.
#ifndef CANDOR_CHAT_JINJA_LOOP_H_
#define CANDOR_CHAT_JINJA_LOOP_H_

#include <memory>
#include <optional>

#include "chat/jinja/evaluator.h"
#include "chat/jinja/object.h"

namespace candor::jinja {

class Loop final : public Object {
 public:
  // `around` is the frame around the loop; `condition` the frame of its condition, null when it has none. References
  // are to what outlives the running loop; End() drops the rest.
  Loop(Evaluator& evaluator, const ForStatement& statement, Frame* around, const Value& iterable, int64_t depth0,
       Frame* condition);

  // The next element, or false at the end. Elements are taken from the iterable as late as they can be.
  bool Advance(Value& element);
  // The loop is over: its frames go.
  void End();

  std::string_view TypeName() const override { return "LoopContext"; }
  std::string QualifiedTypeName() const override { return "jinja2.runtime.LoopContext"; }
  uint32_t Depth() const override { return depth_; }
  std::optional<size_t> Length(Runtime&) override { return static_cast<size_t>(TotalLength()); }
  bool IsCallable() const override { return true; }
  Value Call(Runtime& runtime, Arguments arguments) override;
  std::optional<Value> Attribute(Runtime& runtime, std::string_view name) override;
  bool Repr(Runtime&, TextBuilder& out) override;

 private:
  void RequireRunning() const;
  bool Take(Value& element);
  bool Peek();
  int64_t TotalLength();
  Value Cycle(const Arguments& arguments) const;
  Value Changed(Runtime& runtime, const Arguments& arguments);

  Evaluator& evaluator_;
  const ForStatement& statement_;
  Frame* around_;
  Frame* condition_;
  Value iterable_;
  std::unique_ptr<Iterator> source_;
  uint32_t depth_;
  int64_t depth0_;
  int64_t index0_ = -1;
  std::optional<int64_t> length_;
  std::optional<Value> after_;  // taken ahead
  Value current_, before_;
  std::optional<Value> last_changed_;
  bool is_over_ = false;
};

// Ends a loop however it is left.
class LoopGuard {
 public:
  explicit LoopGuard(Loop& loop) : loop_(loop) {}
  ~LoopGuard() { loop_.End(); }
  LoopGuard(const LoopGuard&) = delete;
  LoopGuard& operator=(const LoopGuard&) = delete;

 private:
  Loop& loop_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_LOOP_H_
