#include "chat/jinja/macro.h"

#include "chat/jinja/repr.h"

namespace candor::jinja {

std::optional<Value> Macro::Attribute(Runtime& runtime, std::string_view name) {
  if (name == "name") return statement_.name.empty() ? Value() : Value::String(statement_.name);
  if (name == "arguments") {
    std::vector<Value> names;
    for (const Parameter& parameter : statement_.parameters) names.push_back(Value::String(parameter.name));
    return NewTuple(runtime, std::move(names));
  }
  if (name == "catch_kwargs") return Value::Bool(statement_.uses_kwargs);
  if (name == "catch_varargs") return Value::Bool(statement_.uses_varargs);
  if (name == "caller") return Value::Bool(statement_.uses_caller);
  if (name == "explicit_caller") return Value::Bool(statement_.has_caller_parameter);
  return std::nullopt;
}

bool Macro::Repr(Runtime&, TextBuilder& out) {
  out.Append(statement_.name.empty() ? "<Macro anonymous>" : "<Macro " + StringRepr(statement_.name) + ">");
  return true;
}

}  // namespace candor::jinja
