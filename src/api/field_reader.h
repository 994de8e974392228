// Typed access to the members of a request that has been checked against its table.
#ifndef CANDOR_API_FIELD_READER_H_
#define CANDOR_API_FIELD_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/errors.h"
#include "api/fields.h"
#include "api/json_value.h"
#include "ipc/messages.h"

namespace candor {

// The members of one object; null counts as absent. The object must outlive it. Each call takes time linear in the
// members.
class FieldReader {
 public:
  explicit FieldReader(const JsonValue& object) : object_(object) {}

  const JsonValue* Get(std::string_view name) const;
  bool Flag(std::string_view name, bool when_absent = false) const;
  std::optional<bool> Bool(std::string_view name) const;
  std::optional<std::string> String(std::string_view name) const;
  std::optional<double> Number(std::string_view name) const;
  std::optional<int64_t> Integer(std::string_view name) const;
  std::vector<TokenId> Tokens(std::string_view name) const;

 private:
  const JsonValue& object_;
};

// The numbers in a list of tokens.
std::vector<TokenId> TokensOf(const JsonArray& list);

// One of two names of a field, each null when absent. Throws RequestError naming both when they differ.
template <typename T>
std::optional<T> OneOf(const std::optional<T>& first, const char* first_name, const std::optional<T>& second,
                       const char* second_name) {
  if (first && second && *first != *second) {
    throw RequestError(Contradiction(first_name, second_name, "two names of one parameter have different values"));
  }
  return first ? first : second;
}

// A request: JSON text that fits `request`. Throws RequestError: `invalid_json` for what is none, and as
// ValidateRequest() does. `ignored` gets the hints that are there.
JsonValue ParseRequest(std::string_view body, const Shape& request, std::vector<std::string>& ignored);

// The value of the response field `x-candor-ignored`.
std::string IgnoredField(const std::vector<std::string>& ignored);

// What a response has besides the answer, and how it comes.
struct ResponseOptions {
  bool stream = false;
  bool include_usage = false;  // as a stream's last chunk
  bool token_ids = false;
  bool progress = false;  // chunks of a stream
  bool reasoning = true;  // false: not reported
  bool logprobs = false;
};

// Everything but the input and what only chat or only completions have: sampling, seed, choices, stop strings, limits.
// `seed_given` says whether there was a seed. Throws RequestError for names of one thing that contradict each other.
void ReadGenerationFields(const JsonValue& body, GenerateMessage& job, bool& seed_given, ResponseOptions& options);

}  // namespace candor

#endif  // CANDOR_API_FIELD_READER_H_
