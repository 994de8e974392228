// The wall clock as templates see it.
#ifndef CANDOR_CLI_LOCAL_TIME_H_
#define CANDOR_CLI_LOCAL_TIME_H_

#include <cstdint>
#include <string>

namespace candor {

// Seconds since 1970 of the local clock, as if it showed UTC. Reads the system's time zone.
int64_t LocalNow();

// The same of "2026-11-22T09:30:00" (seconds may be left out). Throws UsageError, which calls the text `name`.
int64_t ParseLocalTime(const std::string& text, const std::string& name);

}  // namespace candor

#endif  // CANDOR_CLI_LOCAL_TIME_H_
