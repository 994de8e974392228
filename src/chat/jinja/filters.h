// The filters and tests that templates may use, by name.
#ifndef CANDOR_CHAT_JINJA_FILTERS_H_
#define CANDOR_CHAT_JINJA_FILTERS_H_

#include <span>
#include <string_view>

#include "chat/jinja/object.h"
#include "chat/jinja/runtime.h"

namespace candor::jinja {

struct Filter {
  std::string_view name;
  // Null: Jinja2 has it, we do not (random results, links, pretty printing).
  Value (*apply)(Runtime&, const Value& input, const Arguments&);
};
struct Test {
  std::string_view name;
  bool (*apply)(Runtime&, const Value& input, const Arguments&);
};

// Null when there is none.
const Filter* FindFilter(std::string_view name);
const Test* FindTest(std::string_view name);
// As `x|name(...)` and `x is name(...)`: fails for an unknown name, charges the input.
Value ApplyFilter(Runtime& runtime, const Filter* filter, std::string_view name, const Value& input,
                  const Arguments& arguments);
bool ApplyTest(Runtime& runtime, const Test* test, std::string_view name, const Value& input,
               const Arguments& arguments);

// The parts of the table.
std::span<const Filter> TextFilters();
std::span<const Filter> NumberFilters();
std::span<const Filter> SequenceFilters();
std::span<const Filter> OrderFilters();
std::span<const Filter> SelectFilters();

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_FILTERS_H_
