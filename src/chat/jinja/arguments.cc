#include "chat/jinja/arguments.h"

#include <algorithm>
#include <string>

#include "chat/jinja/failure.h"
#include "chat/jinja/runtime.h"

namespace candor::jinja {

namespace {

std::string Unmarked(std::string_view parameter) {
  return std::string(parameter.starts_with('/') ? parameter.substr(1) : parameter);
}

}  // namespace

void RequireNoArguments(std::string_view what, const Arguments& arguments) {
  if (!arguments.positional.empty() || !arguments.named.empty()) Fail(std::string(what) + " takes no arguments");
}

Bound::Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> parameters,
             size_t required)
    : function_(function) {
  std::copy(parameters.begin(), parameters.end(), parameters_.begin());
  const std::string name = std::string(function) + "()";
  if (arguments.positional.size() > parameters.size()) {
    Fail(name + " takes at most " + std::to_string(parameters.size()) + " arguments (" +
         std::to_string(arguments.positional.size()) + " given)");
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [key, value] : arguments.named) {
    const auto* at = std::find(parameters.begin(), parameters.end(), key);
    if (at == parameters.end()) Fail(name + " got an unexpected keyword argument '" + key + "'");
    const Value*& slot = values_[static_cast<size_t>(at - parameters.begin())];
    if (slot != nullptr) Fail(name + " got multiple values for argument '" + key + "'");
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) Fail(name + " misses its argument '" + Unmarked(parameters_[i]) + "'");
  }
}

bool Bound::Truth(Runtime& runtime, size_t parameter, bool otherwise) const {
  return Has(parameter) ? jinja::Truth(runtime, *values_[parameter]) : otherwise;
}

int64_t Bound::Integer(size_t parameter, int64_t otherwise) const {
  if (!Has(parameter)) return otherwise;
  if (!values_[parameter]->is_integral()) FailType(parameter, "an integer");
  return values_[parameter]->integral();
}

std::string_view Bound::Text(size_t parameter, std::string_view otherwise) const {
  if (!Has(parameter)) return otherwise;
  if (!values_[parameter]->is_string()) FailType(parameter, "a string");
  return values_[parameter]->utf8();
}

const Value* Bound::OrNone(size_t parameter) const {
  return Has(parameter) && !values_[parameter]->is(Kind::kNone) ? values_[parameter] : nullptr;
}

void Bound::FailType(size_t parameter, std::string_view wanted) const {
  RequireDefined(*values_[parameter]);
  Fail(std::string(function_) + "(): '" + Unmarked(parameters_[parameter]) + "' must be " + std::string(wanted) +
       ", not " + std::string(TypeName(*values_[parameter])));
}

}  // namespace candor::jinja
