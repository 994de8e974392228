#include "chat/jinja/object.h"

#include "chat/jinja/failure.h"
#include "chat/jinja/repr.h"
#include "chat/jinja/runtime.h"

namespace candor::jinja {
namespace {

// Elements by index, of a value that is kept alive meanwhile.
template <typename At>
class IndexIterator final : public Iterator {
 public:
  IndexIterator(std::shared_ptr<const Object> owner, uint64_t size, At at)
      : owner_(std::move(owner)), size_(size), at_(std::move(at)) {}
  bool Next(Runtime&, Value& value) override {
    if (next_ == size_) return false;
    value = at_(next_++);
    return true;
  }

 private:
  std::shared_ptr<const Object> owner_;
  uint64_t size_;
  At at_;
  uint64_t next_ = 0;
};

class GeneratorIterator final : public Iterator {
 public:
  explicit GeneratorIterator(std::shared_ptr<Generator> generator) : generator_(std::move(generator)) {}
  bool Next(Runtime& runtime, Value& value) override { return generator_->Next(runtime, value); }

 private:
  std::shared_ptr<Generator> generator_;
};

}  // namespace

Value Object::Call(Runtime&, Arguments) { Fail("'" + std::string(TypeName()) + "' object is not callable"); }

uint64_t Range::size() const {
  // The distance of two int64 fits in uint64, whatever their signs.
  const auto distance = [](int64_t low, int64_t high) {
    return high > low ? static_cast<uint64_t>(high) - static_cast<uint64_t>(low) : uint64_t{0};
  };
  const uint64_t span = step_ > 0 ? distance(start_, stop_) : distance(stop_, start_);
  const uint64_t step = step_ > 0 ? static_cast<uint64_t>(step_) : -static_cast<uint64_t>(step_);
  return span == 0 ? 0 : (span - 1) / step + 1;
}

int64_t Range::at(uint64_t index) const {
  return static_cast<int64_t>(static_cast<uint64_t>(start_) + index * static_cast<uint64_t>(step_));
}

std::unique_ptr<Iterator> Range::Iterate(Runtime&) {
  const auto at = [this](uint64_t i) { return Value::Int(this->at(i)); };
  return std::make_unique<IndexIterator<decltype(at)>>(shared_from_this(), size(), at);
}

std::optional<Value> Range::Item(Runtime&, const Value& key) {
  if (!key.is_integral()) return std::nullopt;
  const auto length = static_cast<int64_t>(size());
  const int64_t index = key.integral() < 0 ? key.integral() + length : key.integral();
  if (index < 0 || index >= length) return std::nullopt;
  return Value::Int(at(static_cast<uint64_t>(index)));
}

bool Range::Repr(Runtime&, TextBuilder& out) {
  out.Append("range(" + std::to_string(start_) + ", " + std::to_string(stop_));
  out.Append(step_ == 1 ? ")" : ", " + std::to_string(step_) + ")");
  return true;
}

std::string_view DictView::TypeName() const {
  return part_ == Part::kKeys ? "dict_keys" : part_ == Part::kValues ? "dict_values" : "dict_items";
}

Value DictView::At(size_t index) const {
  const auto& [key, value] = dict_.dict().entries()[index];
  if (part_ == Part::kKeys) return key;
  return part_ == Part::kValues ? value : Value::Tuple({key, value});
}

std::unique_ptr<Iterator> DictView::Iterate(Runtime&) {
  const auto at = [this](uint64_t i) { return At(i); };
  return std::make_unique<IndexIterator<decltype(at)>>(shared_from_this(), dict_.dict().size(), at);
}

bool DictView::Repr(Runtime& runtime, TextBuilder& out) {
  out.Append(TypeName());
  out.Append("([");
  for (size_t i = 0; i < dict_.dict().size(); ++i) {
    if (i > 0) out.Append(", ");
    AppendRepr(runtime, out, At(i));
  }
  out.Append("])");
  return true;
}

Generator::Generator(std::string_view type_name, uint32_t depth, Step step)
    : type_name_(type_name), depth_(DepthAround(depth)), step_(std::move(step)) {}

std::unique_ptr<Iterator> Generator::Iterate(Runtime&) {
  return std::make_unique<GeneratorIterator>(std::static_pointer_cast<Generator>(shared_from_this()));
}

bool Generator::Next(Runtime& runtime, Value& value) {
  const DepthGuard guard(runtime.recursion, kMaxRecursion, "generators nest");
  if (!done_ && step_(runtime, value)) return true;
  done_ = true;
  return false;
}

void Namespace::Set(Runtime& runtime, std::string_view name, Value value) {
  runtime.budget.Step(1 + attributes_.size() / 16);
  for (auto& [known, slot] : attributes_) {
    if (known == name) {
      slot = std::move(value);
      return;
    }
  }
  runtime.budget.Build(name.size() + sizeof(Value));
  attributes_.emplace_back(name, std::move(value));
}

std::optional<Value> Namespace::Attribute(Runtime& runtime, std::string_view name) {
  runtime.budget.Step(1 + attributes_.size() / 16);
  for (const auto& [known, value] : attributes_) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool Namespace::Repr(Runtime& runtime, TextBuilder& out) {
  out.Append("<Namespace {");
  bool first = true;
  for (const auto& [name, value] : attributes_) {
    out.Append(first ? "" : ", ");
    first = false;
    out.Append(StringRepr(name));
    out.Append(": ");
    AppendRepr(runtime, out, value);
  }
  out.Append("}>");
  return true;
}

Value BoundMethod::Call(Runtime& runtime, Arguments arguments) {
  if (self_.is_string()) runtime.budget.Scan(self_.utf8().size());
  return method_(runtime, self_, arguments);
}

}  // namespace candor::jinja
