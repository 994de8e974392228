// Binds the arguments of a call to named parameters, as Python does.
#ifndef CANDOR_CHAT_JINJA_ARGUMENTS_H_
#define CANDOR_CHAT_JINJA_ARGUMENTS_H_

#include <array>
#include <initializer_list>
#include <string_view>

#include "chat/jinja/object.h"

namespace candor::jinja {

// Fails with "WHAT takes no arguments" when there are any.
void RequireNoArguments(std::string_view what, const Arguments& arguments);

class Bound {
 public:
  static constexpr size_t kMaxParameters = 6;

  // Fails when there are too many arguments, an unknown or doubled name, or fewer than `required`. A parameter whose
  // name begins with "/" is given by position only.
  Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> parameters,
        size_t required = 0);

  // Null when the argument was not given.
  const Value* operator[](size_t parameter) const { return values_[parameter]; }
  bool Has(size_t parameter) const { return values_[parameter] != nullptr; }

  // The argument as what it must be; the default when it was not given. Fails naming function and parameter.
  bool Truth(Runtime& runtime, size_t parameter, bool otherwise) const;
  int64_t Integer(size_t parameter, int64_t otherwise) const;
  std::string_view Text(size_t parameter, std::string_view otherwise) const;
  // Null when not given or None.
  const Value* OrNone(size_t parameter) const;

 private:
  [[noreturn]] void FailType(size_t parameter, std::string_view wanted) const;

  std::string_view function_;
  std::array<std::string_view, kMaxParameters> parameters_{};
  std::array<const Value*, kMaxParameters> values_{};
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_ARGUMENTS_H_
