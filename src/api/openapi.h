// The API described: for programs and for people, from the tables that the server itself goes by.
#ifndef CANDOR_API_OPENAPI_H_
#define CANDOR_API_OPENAPI_H_

#include <string>

namespace candor {

// OpenAPI 3.1 as JSON; `version` is the program's. Whatever its schemas of requests refuse is answered with a status of
// 4xx; what they accept is answered, or refused with 4xx for a reason that no schema can say (a contradiction between
// fields, a template that does not take the messages).
std::string OpenApiJson(const std::string& version);

// The text of docs/api.md.
std::string ApiReference();

}  // namespace candor

#endif  // CANDOR_API_OPENAPI_H_
