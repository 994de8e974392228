// Large numbers for people.
#ifndef CANDOR_CLI_GROUPED_H_
#define CANDOR_CLI_GROUPED_H_

#include <cstdint>
#include <string>

namespace candor {

// 1234567 as "1,234,567".
std::string Grouped(uint64_t value);

}  // namespace candor

#endif  // CANDOR_CLI_GROUPED_H_
