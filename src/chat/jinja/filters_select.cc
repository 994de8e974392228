// map, select and their kin. Elements are computed as they are asked for: errors and effects come in the order in
// which the reference has them, or not at all.
#include "chat/jinja/arguments.h"
#include "chat/jinja/attribute_path.h"
#include "chat/jinja/failure.h"
#include "chat/jinja/filters.h"

namespace candor::jinja {
namespace {

uint32_t DepthOf(const Value& input, const Arguments& arguments) {
  uint32_t depth = input.depth();
  for (const Value& argument : arguments.positional) depth = std::max(depth, argument.depth());
  for (const auto& [name, argument] : arguments.named) depth = std::max(depth, argument.depth());
  return depth;
}

// Elements of `input` through `use`, which `prepare` makes when the first is asked for and there is any input at all.
using Use = std::function<bool(Runtime&, Value&)>;  // changes the element, or drops it by false
Value Lazily(const Value& input, const Arguments& arguments, std::function<Use(Runtime&)> prepare) {
  struct State {
    std::unique_ptr<Iterator> source;
    Use use;
    bool started = false;
  };
  const auto state = std::make_shared<State>();
  return Value::Host(std::make_shared<Generator>("generator", DepthOf(input, arguments),
                                                 [state, input, prepare](Runtime& runtime, Value& value) {
                                                   if (!std::exchange(state->started, true) && Truth(runtime, input)) {
                                                     state->use = prepare(runtime);
                                                     state->source = Iterate(runtime, input);
                                                   }
                                                   while (state->source && state->source->Next(runtime, value)) {
                                                     if (state->use(runtime, value)) return true;
                                                   }
                                                   return false;
                                                 }));
}

// `arguments` without its first `count` positional ones.
Arguments Rest(const Arguments& arguments, size_t count) {
  return {{arguments.positional.begin() + static_cast<std::ptrdiff_t>(count), arguments.positional.end()},
          arguments.named};
}

const std::string& NameOf(const Value& value, const char* what) {
  RequireDefined(value);
  if (!value.is_string()) Fail(std::string("the name of a ") + what + " must be a string");
  return value.utf8();
}

Use MapToAttribute(const Arguments& arguments) {
  Value attribute, otherwise;
  for (const auto& [name, value] : arguments.named) {
    if (name == "attribute") {
      attribute = value;
    } else if (name == "default") {
      otherwise = value;
    } else {
      Fail("Unexpected keyword argument '" + name + "'");
    }
  }
  return [path = AttributePath(attribute), otherwise](Runtime& runtime, Value& value) {
    value = path.Get(runtime, value, otherwise.is(Kind::kNone) ? nullptr : &otherwise);
    return true;
  };
}

Value Map(Runtime&, const Value& input, const Arguments& arguments) {
  return Lazily(input, arguments, [arguments](Runtime&) -> Use {
    const bool has_attribute = std::any_of(arguments.named.begin(), arguments.named.end(),
                                           [](const auto& named) { return named.first == "attribute"; });
    if (arguments.positional.empty() && has_attribute) return MapToAttribute(arguments);
    if (arguments.positional.empty()) Fail("map requires a filter argument");
    const std::string& name = NameOf(arguments.positional[0], "filter");
    return [name, filter = FindFilter(name), rest = Rest(arguments, 1)](Runtime& runtime, Value& value) {
      value = ApplyFilter(runtime, filter, name, value, rest);
      return true;
    };
  });
}

template <bool of_attribute, bool keeps>
Value Select(Runtime&, const Value& input, const Arguments& arguments) {
  return Lazily(input, arguments, [arguments](Runtime&) -> Use {
    if (of_attribute && arguments.positional.empty()) Fail("Missing parameter for attribute name");
    const AttributePath path = of_attribute ? AttributePath(arguments.positional[0]) : AttributePath();
    constexpr size_t kTestAt = of_attribute ? 1 : 0;
    if (arguments.positional.size() <= kTestAt) {
      return [path](Runtime& runtime, Value& value) { return Truth(runtime, path.Get(runtime, value)) == keeps; };
    }
    const std::string& name = NameOf(arguments.positional[kTestAt], "test");
    return [path, name, test = FindTest(name), rest = Rest(arguments, kTestAt + 1)](Runtime& runtime, Value& value) {
      return ApplyTest(runtime, test, name, path.Get(runtime, value), rest) == keeps;
    };
  });
}

constexpr Filter kFilters[] = {
    {"map", Map},
    {"reject", Select<false, false>},
    {"rejectattr", Select<true, false>},
    {"select", Select<false, true>},
    {"selectattr", Select<true, true>},
};

}  // namespace

std::span<const Filter> SelectFilters() { return kFilters; }

}  // namespace candor::jinja
