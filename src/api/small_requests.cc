#include "api/small_requests.h"

#include <vector>

#include "api/field_reader.h"
#include "base/utf8.h"

namespace candor {

TokenizeRequest ParseTokenizeRequest(std::string_view body) {
  std::vector<std::string> ignored;
  const JsonValue json = ParseRequest(body, kTokenizeRequest, ignored);
  const FieldReader reader(json);
  return {.model = *reader.String("model"),
          .query = {.text = *reader.String("text"),
                    .add_special = reader.Flag("add_special"),
                    .parse_special = reader.Flag("parse_special")}};
}

DetokenizeRequest ParseDetokenizeRequest(std::string_view body) {
  std::vector<std::string> ignored;
  const JsonValue json = ParseRequest(body, kDetokenizeRequest, ignored);
  const FieldReader reader(json);
  return {.model = *reader.String("model"), .query = {.tokens = reader.Tokens("tokens")}};
}

void ParseCloseThoughtRequest(std::string_view body) {
  if (IsBlank(body)) return;
  std::vector<std::string> ignored;
  ParseRequest(body, kCloseThoughtRequest, ignored);
}

}  // namespace candor
