// Bytes as hexadecimal text.
#ifndef CANDOR_BASE_HEX_H_
#define CANDOR_BASE_HEX_H_

#include <cstddef>
#include <span>
#include <string>

namespace candor {

// Two lower-case digits a byte.
std::string ToHex(std::span<const std::byte> bytes);

}  // namespace candor

#endif  // CANDOR_BASE_HEX_H_
