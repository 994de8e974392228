// attribute="address.city": how filters reach into elements.
#ifndef CANDOR_CHAT_JINJA_ATTRIBUTE_PATH_H_
#define CANDOR_CHAT_JINJA_ATTRIBUTE_PATH_H_

#include <optional>
#include <vector>

#include "chat/jinja/runtime.h"

namespace candor::jinja {

class AttributePath {
 public:
  // `attribute` is a dotted name, an index or None, which leads to the element itself.
  explicit AttributePath(const Value& attribute);
  AttributePath() = default;

  // What the path leads to; `otherwise`, when not null, stands in for what is undefined on the way.
  Value Get(Runtime& runtime, const Value& element, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> parts_;
};

// "age,name" as its paths; one path for anything but a string.
std::vector<AttributePath> AttributePaths(const Value& attribute);

// A string in lower case; other values as they are.
Value IgnoreCase(Runtime& runtime, const Value& value);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_ATTRIBUTE_PATH_H_
