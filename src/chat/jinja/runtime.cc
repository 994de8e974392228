#include "chat/jinja/runtime.h"

#include "chat/jinja/failure.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

class SequenceIterator final : public Iterator {
 public:
  explicit SequenceIterator(Value sequence) : sequence_(std::move(sequence)) {}
  bool Next(Runtime&, Value& value) override {
    if (next_ == sequence_.items().size()) return false;
    value = sequence_.items()[next_++];
    return true;
  }

 private:
  Value sequence_;
  size_t next_ = 0;
};

class KeyIterator final : public Iterator {
 public:
  explicit KeyIterator(Value dict) : dict_(std::move(dict)) {}
  bool Next(Runtime&, Value& value) override {
    if (next_ == dict_.dict().size()) return false;
    value = dict_.dict().entries()[next_++].first;
    return true;
  }

 private:
  Value dict_;
  size_t next_ = 0;
};

class CharacterIterator final : public Iterator {
 public:
  explicit CharacterIterator(Value string) : string_(std::move(string)) {}
  bool Next(Runtime&, Value& value) override {
    if (at_ == string_.utf8().size()) return false;
    const size_t begin = at_;
    NextCodePoint(string_.utf8(), at_);
    value = Value::String(string_.utf8().substr(begin, at_ - begin));
    return true;
  }

 private:
  Value string_;
  size_t at_ = 0;
};

class EmptyIterator final : public Iterator {
 public:
  bool Next(Runtime&, Value&) override { return false; }
};

class ChargedIterator final : public Iterator {
 public:
  explicit ChargedIterator(std::unique_ptr<Iterator> inner) : inner_(std::move(inner)) {}
  bool Next(Runtime& runtime, Value& value) override {
    runtime.budget.Step();
    return inner_->Next(runtime, value);
  }

 private:
  std::unique_ptr<Iterator> inner_;
};

std::unique_ptr<Iterator> PlainIterator(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return std::make_unique<EmptyIterator>();
    case Kind::kString:
      return std::make_unique<CharacterIterator>(value);
    case Kind::kList:
    case Kind::kTuple:
      return std::make_unique<SequenceIterator>(value);
    case Kind::kDict:
      return std::make_unique<KeyIterator>(value);
    case Kind::kObject:
      return value.object()->Iterate(runtime);
    default:
      return nullptr;
  }
}

}  // namespace

Runtime::~Runtime() {
  for (const auto& it : namespaces_) it->Clear();
}

Value Runtime::NewNamespace(std::vector<std::pair<std::string, Value>> attributes) {
  auto made = std::make_shared<Namespace>();
  for (auto& [name, value] : attributes) made->Set(*this, name, std::move(value));
  budget.Build(sizeof(Namespace));
  namespaces_.push_back(made);
  return Value::Host(std::move(made));
}

bool Truth(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kBigInt:
      return true;
    case Kind::kFloat:
      return value.real() != 0;
    case Kind::kString:
      return !value.utf8().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !value.items().empty();
    case Kind::kDict:
      return value.dict().size() != 0;
    case Kind::kObject:
      return value.object()->Truth(runtime);
  }
  return false;
}

int64_t Length(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return static_cast<int64_t>(value.text().length);
    case Kind::kList:
    case Kind::kTuple:
      return static_cast<int64_t>(value.items().size());
    case Kind::kDict:
      return static_cast<int64_t>(value.dict().size());
    case Kind::kObject:
      if (const auto length = value.object()->Length(runtime)) return static_cast<int64_t>(*length);
      [[fallthrough]];
    default:
      Fail("object of type '" + std::string(TypeName(value)) + "' has no len()");
  }
}

std::unique_ptr<Iterator> Iterate(Runtime& runtime, const Value& value) {
  auto iterator = PlainIterator(runtime, value);
  if (!iterator) Fail("'" + std::string(TypeName(value)) + "' object is not iterable");
  return std::make_unique<ChargedIterator>(std::move(iterator));
}

bool IsIterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
      return true;
    case Kind::kObject:
      return value.object()->IsIterable();
    default:
      return false;
  }
}

std::vector<Value> ToVector(Runtime& runtime, const Value& value) {
  if (value.is_sequence()) {
    runtime.budget.Build(value.items().size() * sizeof(Value));
    return value.items();
  }
  std::vector<Value> items;
  const auto iterator = Iterate(runtime, value);
  for (Value item; iterator->Next(runtime, item);) {
    runtime.budget.Build(sizeof(Value));
    items.push_back(std::move(item));
  }
  return items;
}

Value Call(Runtime& runtime, const Value& callable, Arguments arguments) {
  RequireDefined(callable);
  if (!callable.is(Kind::kObject)) Fail("'" + std::string(TypeName(callable)) + "' object is not callable");
  return callable.object()->Call(runtime, std::move(arguments));
}

void RequireDefined(const Value& value) {
  if (value.is_undefined()) Fail(value.undefined().message);
}

Value NewText(Runtime& runtime, std::string utf8, bool safe) {
  runtime.budget.CheckLength(utf8.size());
  runtime.budget.Build(utf8.size());
  return Value::String(std::move(utf8), safe);
}

Value NewList(Runtime& runtime, std::vector<Value> items) {
  runtime.budget.Build((items.size() + 1) * sizeof(Value));
  return Value::List(std::move(items));
}

Value NewTuple(Runtime& runtime, std::vector<Value> items) {
  runtime.budget.Build((items.size() + 1) * sizeof(Value));
  return Value::Tuple(std::move(items));
}

}  // namespace candor::jinja
