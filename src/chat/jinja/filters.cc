#include "chat/jinja/filters.h"

#include <algorithm>

#include "chat/jinja/failure.h"

namespace candor::jinja {
namespace {

// Walking over a string costs its length, whatever the filter does with it.
void ChargeInput(Runtime& runtime, const Value& input) {
  if (input.is_string()) runtime.budget.Scan(input.utf8().size());
}

}  // namespace

const Filter* FindFilter(std::string_view name) {
  for (const auto table : {TextFilters(), NumberFilters(), SequenceFilters(), OrderFilters(), SelectFilters()}) {
    const auto at = std::find_if(table.begin(), table.end(), [&](const Filter& filter) { return filter.name == name; });
    if (at != table.end()) return &*at;
  }
  return nullptr;
}

Value ApplyFilter(Runtime& runtime, const Filter* filter, std::string_view name, const Value& input,
                  const Arguments& arguments) {
  if (filter == nullptr) Fail("No filter named '" + std::string(name) + "'.");
  if (filter->apply == nullptr) Fail("the filter '" + std::string(name) + "' is not supported");
  ChargeInput(runtime, input);
  return filter->apply(runtime, input, arguments);
}

bool ApplyTest(Runtime& runtime, const Test* test, std::string_view name, const Value& input,
               const Arguments& arguments) {
  if (test == nullptr) Fail("No test named '" + std::string(name) + "'.");
  return test->apply(runtime, input, arguments);
}

}  // namespace candor::jinja
