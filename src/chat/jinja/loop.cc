#include "chat/jinja/loop.h"

#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/globals.h"
#include "chat/jinja/operators.h"

namespace candor::jinja {

Loop::Loop(Evaluator& evaluator, const ForStatement& statement, Frame* around, const Value& iterable, int64_t depth0,
           Frame* condition)
    : evaluator_(evaluator),
      statement_(statement),
      around_(around),
      condition_(condition),
      iterable_(iterable),
      source_(jinja::Iterate(evaluator.runtime(), iterable)),
      depth_(DepthAround(iterable.depth())),
      depth0_(depth0) {}

void Loop::End() {
  is_over_ = true;
  // It may hold the loop itself.
  last_changed_.reset();
}

void Loop::RequireRunning() const {
  if (is_over_) Fail("using a loop after its end is not supported");
}

bool Loop::Take(Value& element) {
  while (source_->Next(evaluator_.runtime(), element)) {
    if (condition_ == nullptr || evaluator_.Passes(statement_, *condition_, element)) return true;
  }
  return false;
}

bool Loop::Advance(Value& element) {
  if (after_) {
    element = std::move(*after_);
    after_.reset();
  } else if (!Take(element)) {
    return false;
  }
  ++index0_;
  before_ = std::move(current_);
  current_ = element;
  return true;
}

bool Loop::Peek() {
  RequireRunning();
  Value next;
  if (!after_ && Take(next)) after_ = std::move(next);
  return after_.has_value();
}

int64_t Loop::TotalLength() {
  if (length_) return *length_;
  RequireRunning();
  Runtime& runtime = evaluator_.runtime();
  const bool has_length = !iterable_.is(Kind::kObject) || iterable_.object()->Length(runtime).has_value();
  if (condition_ == nullptr && has_length) {
    length_ = jinja::Length(runtime, iterable_);
    return *length_;
  }
  std::vector<Value> rest;
  for (Value element; Take(element);) {
    runtime.budget.Build(sizeof(Value));
    rest.push_back(std::move(element));
  }
  length_ = static_cast<int64_t>(rest.size()) + index0_ + 1 + after_.has_value();
  source_ = jinja::Iterate(runtime, Value::List(std::move(rest)));
  condition_ = nullptr;  // what is left has passed it
  return *length_;
}

Value Loop::Call(Runtime&, Arguments arguments) {
  const Bound bound("loop", arguments, {"iterable"}, 1);
  if (!statement_.is_recursive) Fail("The loop must have the 'recursive' marker to be called recursively.");
  RequireRunning();
  return evaluator_.Recurse(statement_, around_, *bound[0], depth0_ + 1);
}

std::optional<Value> Loop::Attribute(Runtime&, std::string_view name) {
  if (name == "index0") return Value::Int(index0_);
  if (name == "index") return Value::Int(index0_ + 1);
  if (name == "first") return Value::Bool(index0_ == 0);
  if (name == "depth") return Value::Int(depth0_ + 1);
  if (name == "depth0") return Value::Int(depth0_);
  if (name == "previtem") return index0_ == 0 ? Value::Undefined("there is no previous item") : before_;
  const auto self = std::static_pointer_cast<Loop>(shared_from_this());
  if (name == "cycle") {
    return NewCallable(Depth(), [self](Runtime&, const Arguments& arguments) { return self->Cycle(arguments); });
  }
  if (name == "changed") {
    return NewCallable(
        Depth(), [self](Runtime& runtime, const Arguments& arguments) { return self->Changed(runtime, arguments); });
  }
  if (name == "last") return Value::Bool(!Peek());
  if (name == "nextitem") return Peek() ? *after_ : Value::Undefined("there is no next item");
  if (name == "length") return Value::Int(TotalLength());
  if (name == "revindex") return Value::Int(TotalLength() - index0_);
  if (name == "revindex0") return Value::Int(TotalLength() - index0_ - 1);
  return std::nullopt;
}

Value Loop::Cycle(const Arguments& arguments) const {
  if (!arguments.named.empty()) Fail("cycle() takes no keyword arguments");
  if (arguments.positional.empty()) Fail("no items for cycling given");
  return arguments.positional[static_cast<size_t>(index0_) % arguments.positional.size()];
}

Value Loop::Changed(Runtime& runtime, const Arguments& arguments) {
  if (!arguments.named.empty()) Fail("changed() takes no keyword arguments");
  RequireRunning();
  Value values = NewTuple(runtime, arguments.positional);
  if (last_changed_ && Equal(runtime, *last_changed_, values)) return Value::Bool(false);
  last_changed_ = std::move(values);
  return Value::Bool(true);
}

bool Loop::Repr(Runtime&, TextBuilder& out) {
  out.Append("<LoopContext " + std::to_string(index0_ + 1) + "/" + std::to_string(TotalLength()) + ">");
  return true;
}

}  // namespace candor::jinja
