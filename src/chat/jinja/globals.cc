#include "chat/jinja/globals.h"

#include <memory>

#include "chat/jinja/arguments.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/repr.h"

namespace candor::jinja {
namespace {

constexpr uint64_t kMaxRange = 100'000;

class Callable final : public Object {
 public:
  using Body = std::function<Value(Runtime&, const Arguments&)>;
  Callable(uint32_t depth, Body body) : depth_(DepthAround(depth)), body_(std::move(body)) {}
  std::string_view TypeName() const override { return "method"; }
  uint32_t Depth() const override { return depth_; }
  bool IsCallable() const override { return true; }
  Value Call(Runtime& runtime, Arguments arguments) override { return body_(runtime, arguments); }

 private:
  uint32_t depth_;
  Body body_;
};

// cycler(a, b, ...): one after the other, again and again.
class Cycler final : public Object {
 public:
  explicit Cycler(Value items) : items_(std::move(items)) {}
  std::string_view TypeName() const override { return "Cycler"; }
  std::string QualifiedTypeName() const override { return "jinja2.utils.Cycler"; }
  uint32_t Depth() const override { return items_.depth() + 1; }
  std::optional<Value> Attribute(Runtime&, std::string_view name) override {
    if (name == "items") return items_;
    if (name == "pos") return Value::Int(static_cast<int64_t>(position_));
    if (name == "current") return items_.items()[position_];
    const auto self = std::static_pointer_cast<Cycler>(shared_from_this());
    if (name == "next") return NewCallable(Depth(), [self](Runtime&, const Arguments&) { return self->Next(); });
    if (name == "reset") {
      return NewCallable(Depth(), [self](Runtime&, const Arguments&) {
        self->position_ = 0;
        return Value();
      });
    }
    return std::nullopt;
  }

 private:
  Value Next() {
    const Value item = items_.items()[position_];
    position_ = (position_ + 1) % items_.items().size();
    return item;
  }

  Value items_;
  size_t position_ = 0;
};

// joiner(separator): nothing the first time it is called, then the separator.
class Joiner final : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)), depth_(DepthAround(separator_.depth())) {}
  std::string_view TypeName() const override { return "Joiner"; }
  std::string QualifiedTypeName() const override { return "jinja2.utils.Joiner"; }
  uint32_t Depth() const override { return depth_; }
  bool IsCallable() const override { return true; }
  Value Call(Runtime&, Arguments arguments) override {
    RequireNoArguments("joiner", arguments);
    return std::exchange(used_, true) ? separator_ : Value::String("");
  }
  std::optional<Value> Attribute(Runtime&, std::string_view name) override {
    if (name == "sep") return separator_;
    if (name == "used") return Value::Bool(used_);
    return std::nullopt;
  }

 private:
  Value separator_;
  uint32_t depth_;
  bool used_ = false;
};

Value MakeRange(Runtime&, const Arguments& arguments) {
  const Bound bound("range", arguments, {"/start", "/stop", "/step"}, 1);
  for (const Value& argument : arguments.positional) {
    RequireDefined(argument);
    if (!argument.is_integral()) {
      Fail("'" + std::string(TypeName(argument)) + "' object cannot be interpreted as an integer");
    }
  }
  const bool has_stop = bound.Has(1);
  const int64_t step = bound.Integer(2, 1);
  if (step == 0) Fail("range() arg 3 must not be zero");
  auto range = std::make_shared<Range>(has_stop ? bound.Integer(0, 0) : 0, bound.Integer(has_stop ? 1 : 0, 0), step);
  if (range->size() > kMaxRange) {
    Fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + std::to_string(kMaxRange) + ").");
  }
  return Value::Host(std::move(range));
}

// The entries of dict(...): a mapping or pairs first, then the names.
std::vector<Dict::Entry> DictEntries(Runtime& runtime, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    Fail("dict expected at most 1 argument, got " + std::to_string(arguments.positional.size()));
  }
  std::vector<Dict::Entry> entries;
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is(Kind::kDict)) {
      entries = source.dict().entries();
    } else {
      const auto iterator = Iterate(runtime, source);
      for (Value pair; iterator->Next(runtime, pair);) {
        std::vector<Value> items = ToVector(runtime, pair);
        if (items.size() != 2) {
          Fail("dictionary update sequence element #" + std::to_string(entries.size()) + " has length " +
               std::to_string(items.size()) + "; 2 is required");
        }
        entries.emplace_back(std::move(items[0]), std::move(items[1]));
      }
    }
  }
  for (const auto& [name, value] : arguments.named) entries.emplace_back(NewText(runtime, name), value);
  runtime.budget.Step(entries.size());
  runtime.budget.Build((entries.size() + 1) * sizeof(Dict::Entry));
  return entries;
}

Value MakeDictionary(Runtime& runtime, const Arguments& arguments) {
  return Value::MakeDict(DictEntries(runtime, arguments), &runtime.budget);
}

Value MakeNamespace(Runtime& runtime, const Arguments& arguments) {
  std::vector<std::pair<std::string, Value>> attributes;
  for (auto& [key, value] : DictEntries(runtime, arguments)) {
    if (!key.is_string()) Fail("a namespace attribute whose name is no string is not supported");
    attributes.emplace_back(key.utf8(), std::move(value));
  }
  return runtime.NewNamespace(std::move(attributes));
}

Value MakeCycler(Runtime& runtime, const Arguments& arguments) {
  if (!arguments.named.empty()) Fail("cycler() takes no keyword arguments");
  if (arguments.positional.empty()) Fail("at least one item has to be provided");
  return Value::Host(std::make_shared<Cycler>(NewTuple(runtime, arguments.positional)));
}

Value MakeJoiner(Runtime&, const Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"});
  return Value::Host(std::make_shared<Joiner>(bound.Has(0) ? *bound[0] : Value::String(", ")));
}

Value RaiseException(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  throw Failure{Failure::Kind::kRaised, ToString(runtime, *bound[0]).utf8()};
}

Value StrftimeNow(Runtime& runtime, const Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  return NewText(runtime, FormatTime(runtime.now, std::string(bound.Text(0, ""))));
}

Value Lipsum(Runtime&, const Arguments&) { Fail("lipsum() is not supported: its result is random"); }

}  // namespace

Value Global(std::string_view name) {
  static constexpr std::pair<std::string_view, Function::Body> kFunctions[] = {
      {"range", MakeRange},   {"dict", MakeDictionary},     {"namespace", MakeNamespace},
      {"cycler", MakeCycler}, {"joiner", MakeJoiner},       {"raise_exception", RaiseException},
      {"lipsum", Lipsum},     {"strftime_now", StrftimeNow}};
  for (const auto& [known, body] : kFunctions) {
    if (known == name) return Value::Host(std::make_shared<Function>(known, body));
  }
  return Value::Missing();
}

Value NewCallable(uint32_t depth, std::function<Value(Runtime&, const Arguments&)> body) {
  return Value::Host(std::make_shared<Callable>(depth, std::move(body)));
}

}  // namespace candor::jinja
