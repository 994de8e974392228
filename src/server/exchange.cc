#include "server/exchange.h"

#include "server/http_characters.h"

namespace candor {

const std::string* HttpRequest::Find(std::string_view name) const { return FindField(fields, name); }

}  // namespace candor
