// What became of a request: for tables of cases.
#ifndef CANDOR_TESTS_API_REQUEST_VERDICT_H_
#define CANDOR_TESTS_API_REQUEST_VERDICT_H_

#include <string>

#include "api/errors.h"

namespace candor {

// "ok", or the error's "code param" ("code" without a parameter).
template <typename Parse>
std::string VerdictOf(const Parse& parse) {
  try {
    parse();
  } catch (const RequestError& error) {
    if (error.error().status != 400) return "status " + std::to_string(error.error().status);
    return error.error().code + (error.error().param ? " " + *error.error().param : "");
  }
  return "ok";
}

}  // namespace candor

#endif  // CANDOR_TESTS_API_REQUEST_VERDICT_H_
