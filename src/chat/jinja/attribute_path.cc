#include "chat/jinja/attribute_path.h"

#include "chat/jinja/access.h"
#include "chat/jinja/text_builder.h"

namespace candor::jinja {
namespace {

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t at;
  while ((at = text.find(separator)) != std::string_view::npos) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

Value Part(std::string_view name) {
  const bool is_index = !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_index) return Value::String(std::string(name));
  const size_t digit = std::min(name.find_first_not_of('0'), name.size() - 1);
  return Value::BigInt(std::string(name.substr(digit)));
}

}  // namespace

AttributePath::AttributePath(const Value& attribute) {
  if (attribute.is_string()) {
    for (const std::string_view name : SplitAt(attribute.utf8(), '.')) parts_.push_back(Part(name));
  } else if (!attribute.is(Kind::kNone)) {
    parts_.push_back(attribute);
  }
}

Value AttributePath::Get(Runtime& runtime, const Value& element, const Value* otherwise) const {
  Value value = element;
  for (const Value& part : parts_) {
    runtime.budget.Step();
    value = GetItem(runtime, value, part);
    if (otherwise && value.is_undefined()) value = *otherwise;
  }
  return value;
}

std::vector<AttributePath> AttributePaths(const Value& attribute) {
  std::vector<AttributePath> paths;
  if (!attribute.is_string()) {
    paths.emplace_back(attribute);
    return paths;
  }
  for (const std::string_view path : SplitAt(attribute.utf8(), ',')) {
    paths.emplace_back(Value::String(std::string(path)));
  }
  return paths;
}

Value IgnoreCase(Runtime& runtime, const Value& value) {
  return value.is_string() ? NewText(runtime, ToLower(value.utf8()), value.safe()) : value;
}

}  // namespace candor::jinja
