// What every request's fuzz target checks.
#ifndef CANDOR_FUZZ_REQUEST_FUZZ_H_
#define CANDOR_FUZZ_REQUEST_FUZZ_H_

#include <string>

#include "api/errors.h"
#include "api/json_value.h"
#include "base/check.h"
#include "base/utf8.h"

namespace candor {

// Nothing but a RequestError of status 400 may leave `parse`, and what it says is an answer that fits a response.
template <typename Parse>
void CheckRefusal(const Parse& parse) {
  try {
    parse();
  } catch (const RequestError& refused) {
    const ApiError& error = refused.error();
    CHECK(error.status == 400);
    CHECK(!error.code.empty() && !error.message.empty());
    CHECK(IsPrintable(error.message));
    CHECK(ParseJson(ErrorJson(error), "fuzz").object() != nullptr);
  }
}

}  // namespace candor

#endif  // CANDOR_FUZZ_REQUEST_FUZZ_H_
