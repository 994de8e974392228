// Values that only the interpreter makes: what Python or Jinja2 would hold as an object.
//
// An object answers the questions below and no others. There is no reflection: an attribute exists when Attribute()
// names it.
#ifndef CANDOR_CHAT_JINJA_OBJECT_H_
#define CANDOR_CHAT_JINJA_OBJECT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/jinja/value.h"

namespace candor::jinja {

class Runtime;
class TextBuilder;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Walks over elements once.
class Iterator {
 public:
  virtual ~Iterator() = default;
  // The next element in `value`, or false at the end.
  virtual bool Next(Runtime& runtime, Value& value) = 0;
};

class Object : public std::enable_shared_from_this<Object> {
 public:
  virtual ~Object() = default;

  // Python's type(x).__name__.
  virtual std::string_view TypeName() const = 0;
  // With the module, as messages about attributes name it.
  virtual std::string QualifiedTypeName() const { return std::string(TypeName()); }
  virtual uint32_t Depth() const { return 0; }

  virtual std::optional<size_t> Length(Runtime&) { return std::nullopt; }  // nullopt: has no len()
  virtual bool Truth(Runtime& runtime) { return Length(runtime).value_or(1) != 0; }
  // Null: not iterable.
  virtual std::unique_ptr<Iterator> Iterate(Runtime&) { return nullptr; }
  virtual bool IsIterable() const { return false; }
  virtual bool IsCallable() const { return false; }
  virtual Value Call(Runtime& runtime, Arguments arguments);
  // x.name and x[key]; nullopt: there is none.
  virtual std::optional<Value> Attribute(Runtime&, std::string_view) { return std::nullopt; }
  virtual std::optional<Value> Item(Runtime&, const Value&) { return std::nullopt; }
  // repr(x). False when Python's would show an address.
  virtual bool Repr(Runtime&, TextBuilder&) { return false; }
};

// range(start, stop, step); step is not 0.
class Range final : public Object {
 public:
  Range(int64_t start, int64_t stop, int64_t step) : start_(start), stop_(stop), step_(step) {}
  std::string_view TypeName() const override { return "range"; }
  uint64_t size() const;
  int64_t at(uint64_t index) const;
  int64_t start() const { return start_; }
  int64_t step() const { return step_; }

  std::optional<size_t> Length(Runtime&) override { return size(); }
  std::unique_ptr<Iterator> Iterate(Runtime&) override;
  bool IsIterable() const override { return true; }
  std::optional<Value> Item(Runtime&, const Value& key) override;
  bool Repr(Runtime&, TextBuilder&) override;

 private:
  int64_t start_, stop_, step_;
};

// What dict.keys(), values() and items() give.
class DictView final : public Object {
 public:
  enum class Part { kKeys, kValues, kItems };
  DictView(Value dict, Part part) : dict_(std::move(dict)), part_(part) {}
  std::string_view TypeName() const override;
  uint32_t Depth() const override { return dict_.depth() + 1; }
  Part part() const { return part_; }
  Value At(size_t index) const;

  std::optional<size_t> Length(Runtime&) override { return dict_.dict().size(); }
  std::unique_ptr<Iterator> Iterate(Runtime&) override;
  bool IsIterable() const override { return true; }
  bool Repr(Runtime&, TextBuilder&) override;

 private:
  Value dict_;
  Part part_;
};

// Elements made as they are asked for, once: what Python's generators and reversed() give. `type_name` is Python's.
class Generator final : public Object {
 public:
  using Step = std::function<bool(Runtime&, Value&)>;
  // `depth` is that of the values which `step` keeps.
  Generator(std::string_view type_name, uint32_t depth, Step step);
  std::string_view TypeName() const override { return type_name_; }
  uint32_t Depth() const override { return depth_; }
  std::unique_ptr<Iterator> Iterate(Runtime&) override;
  bool IsIterable() const override { return true; }
  bool Next(Runtime& runtime, Value& value);

 private:
  std::string_view type_name_;
  uint32_t depth_;
  Step step_;
  bool done_ = false;
};

// namespace(...): the one thing a template can change. Its attributes are cleared when the rendering ends, because it
// may come to contain itself.
class Namespace final : public Object {
 public:
  std::string_view TypeName() const override { return "Namespace"; }
  std::string QualifiedTypeName() const override { return "jinja2.utils.Namespace"; }
  void Set(Runtime& runtime, std::string_view name, Value value);
  void Clear() { attributes_.clear(); }

  std::optional<Value> Attribute(Runtime&, std::string_view name) override;
  bool Repr(Runtime&, TextBuilder&) override;

 private:
  // Few and short in practice; a search charges its length.
  std::vector<std::pair<std::string, Value>> attributes_;
};

// A function of the interpreter under a global name.
class Function final : public Object {
 public:
  using Body = Value (*)(Runtime&, const Arguments&);
  Function(std::string_view name, Body body) : name_(name), body_(body) {}
  std::string_view TypeName() const override { return "function"; }
  bool IsCallable() const override { return true; }
  Value Call(Runtime& runtime, Arguments arguments) override { return body_(runtime, arguments); }

 private:
  std::string_view name_;
  Body body_;
};

// A method of a string, list, tuple or dict together with its receiver.
using Method = Value (*)(Runtime&, const Value& self, const Arguments&);
class BoundMethod final : public Object {
 public:
  BoundMethod(Value self, Method method) : self_(std::move(self)), method_(method) {}
  std::string_view TypeName() const override { return "builtin_function_or_method"; }
  uint32_t Depth() const override { return self_.depth() + 1; }
  bool IsCallable() const override { return true; }
  Value Call(Runtime& runtime, Arguments arguments) override;

 private:
  Value self_;
  Method method_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_OBJECT_H_
