// Shapes and fields that several tables of fields.h share.
#ifndef CANDOR_API_FIELD_SHAPES_H_
#define CANDOR_API_FIELD_SHAPES_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "api/schema.h"
#include "ipc/messages.h"

namespace candor::shapes {

inline constexpr bool kTrue = true, kFalse = false;
inline constexpr double kTwo63 = 9223372036854775808.0, kTwo64 = 18446744073709551616.0;
inline constexpr double kMaxTokenId = 2147483647;

inline constexpr Shape kAny = {};
inline constexpr Shape kNull = {.kinds = Shape::kNull};
inline constexpr Shape kBool = {.kinds = Shape::kBool};
inline constexpr Shape kOnlyFalse = {.kinds = Shape::kBool, .only = &kFalse};
inline constexpr Shape kOnlyTrue = {.kinds = Shape::kBool, .only = &kTrue};
inline constexpr Shape kText = {.kinds = Shape::kString};
inline constexpr Shape kTextOrNull = {.kinds = Shape::kString | Shape::kNull};
inline constexpr Shape kEmptyList = {.kinds = Shape::kArray, .max_items = 0};
inline constexpr Shape kAnyPassedOn = {.passed_on = true};
inline constexpr Shape kAnyObject = {.kinds = Shape::kObject, .others = &kAnyPassedOn};
inline constexpr Shape kNumber = {.kinds = Shape::kNumber};
inline constexpr Shape kNumberOrNull = {.kinds = Shape::kNumber | Shape::kNull};
inline constexpr Shape kCount = {.kinds = Shape::kInteger, .min = 0};
inline constexpr Shape kTokenId = {.kinds = Shape::kInteger, .min = 0, .max = kMaxTokenId};
inline constexpr Shape kTokenIds = {.kinds = Shape::kArray, .max_items = kMaxListedTokens, .items = &kTokenId};
inline constexpr Shape kSomeTokenIds = {
    .kinds = Shape::kArray, .min_items = 1, .max_items = kMaxListedTokens, .items = &kTokenId};
inline constexpr Shape kModelName = {.kinds = Shape::kString, .min_length = 1, .max_length = 256};

inline constexpr Field kModelField = {
    "model", &kModelName, Treatment::kHonoured, "A name of GET /v1/models, or an alias of the server.", "", true};

constexpr Field Honoured(const char* name, const Shape& shape, const char* sentence, const char* when_absent = "") {
  return {name, &shape, Treatment::kHonoured, sentence, when_absent};
}
constexpr Field Required(const char* name, const Shape& shape, const char* sentence) {
  return {name, &shape, Treatment::kHonoured, sentence, "", true};
}
constexpr Field Hint(const char* name, const char* sentence) { return {name, &kAny, Treatment::kHint, sentence}; }
constexpr Field Refused(const char* name, const Shape& harmless, const char* sentence) {
  return {name, &harmless, Treatment::kRefused, sentence};
}

// One table of several.
template <size_t... N>
constexpr auto Join(const std::array<Field, N>&... parts) {
  std::array<Field, (N + ...)> all = {};
  size_t at = 0;
  ((std::ranges::copy(parts, all.begin() + static_cast<std::ptrdiff_t>(at)), at += N), ...);
  return all;
}

}  // namespace candor::shapes

#endif  // CANDOR_API_FIELD_SHAPES_H_
