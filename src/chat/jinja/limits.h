// What parsing and rendering one template may cost.
#ifndef CANDOR_CHAT_JINJA_LIMITS_H_
#define CANDOR_CHAT_JINJA_LIMITS_H_

#include <chrono>
#include <cstdint>

namespace candor {

struct TemplateLimits {
  uint64_t steps = 1'000'000;           // nodes evaluated, and elements walked or made
  uint64_t output_bytes = 4u << 20;     // of the output, and of any string made on the way
  uint64_t built_bytes = 256u << 20;    // of all strings and lists made on the way together
  uint32_t depth = 64;                  // nesting of the source, and of macro calls
  std::chrono::milliseconds time{250};  // of this thread's processor: another program's load never fails a rendering
  uint64_t source_bytes = 1u << 20;
  uint32_t source_tokens = 1u << 16;  // names, literals, operators, delimiters, stretches of text; at least one a node
};

}  // namespace candor

#endif  // CANDOR_CHAT_JINJA_LIMITS_H_
