// The state of one rendering that filters, methods and operators need.
#ifndef CANDOR_CHAT_JINJA_RUNTIME_H_
#define CANDOR_CHAT_JINJA_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "chat/jinja/budget.h"
#include "chat/jinja/object.h"
#include "chat/jinja/value.h"

namespace candor::jinja {

class Runtime {
 public:
  // `now` is what strftime_now sees: local wall-clock seconds since 1970.
  Runtime(const TemplateLimits& limits, int64_t now) : budget(limits), now(now) {}
  // Clears every namespace: they may refer to each other.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Value NewNamespace(std::vector<std::pair<std::string, Value>> attributes);

  Budget budget;
  const int64_t now;
  uint32_t recursion = 0;  // nested evaluations, bounded so that the stack is

 private:
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

// Nested evaluations of nodes at most. One takes about 0.5 KiB of stack, 2 KiB under the sanitizers.
inline constexpr uint32_t kMaxRecursion = 1000;

// bool(x).
bool Truth(Runtime& runtime, const Value& value);
// len(x); fails when it has none.
int64_t Length(Runtime& runtime, const Value& value);
// iter(x); fails when x is not iterable. Each element is charged as a step.
std::unique_ptr<Iterator> Iterate(Runtime& runtime, const Value& value);
bool IsIterable(const Value& value);
// list(x), charged.
std::vector<Value> ToVector(Runtime& runtime, const Value& value);
// x(...).
Value Call(Runtime& runtime, const Value& callable, Arguments arguments);

// Fails with what the undefined value says of itself, when it is one.
void RequireDefined(const Value& value);

// A string made by the template; its bytes are charged.
Value NewText(Runtime& runtime, std::string utf8, bool safe = false);
// A list or tuple of values made by the template; their memory is charged.
Value NewList(Runtime& runtime, std::vector<Value> items);
Value NewTuple(Runtime& runtime, std::vector<Value> items);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_RUNTIME_H_
