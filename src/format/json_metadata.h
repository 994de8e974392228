// A JSON object as metadata: config.json and its like.
#ifndef CANDOR_FORMAT_JSON_METADATA_H_
#define CANDOR_FORMAT_JSON_METADATA_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "format/metadata.h"

namespace candor {

inline constexpr uint64_t kJsonMetadataMaxBytes = 4 << 20;
inline constexpr uint64_t kJsonMetadataMaxKeys = 1 << 14;
inline constexpr uint64_t kJsonMetadataMaxKeyBytes = 1024;

// The members of the object in `text`, those of objects within it under keys with dots: "rope_parameters.rope_theta".
// - null is no value, and kept apart from a member that is not there (Metadata::IsNull);
// - a whole number that fits is a uint64_t or, below zero, an int64_t; any other number ("1e4", "1.0") is a double;
// - an array of numbers is a NumberArray: kUint64, kInt64 when one is below zero, kFloat64 when one is not whole (or
//   they fit neither); one of booleans is of kBool, one of strings a StringTable, an empty one an empty StringTable;
// - an object has a key of its own too, and so has an array with anything else in it, or of several kinds: LeftOut.
// Keys are printable UTF-8. Throws FormatError or LimitError naming `source` and the member.
Metadata MetadataFromJson(std::string_view text, const std::string& source);

}  // namespace candor

#endif  // CANDOR_FORMAT_JSON_METADATA_H_
