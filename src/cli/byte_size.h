// Sizes as people write them.
#ifndef CANDOR_CLI_BYTE_SIZE_H_
#define CANDOR_CLI_BYTE_SIZE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace candor {

// "64GB" (10^9, as disks count), "64GiB" (2^30, as memory does), "512 MB", "1.5tb", "64G" (as GB), "4096 B";
// capitals do not matter. nullopt for anything else, a number alone, for less than a byte, and for 2^63 bytes or more.
std::optional<uint64_t> ParseByteSize(std::string_view text);

}  // namespace candor

#endif  // CANDOR_CLI_BYTE_SIZE_H_
