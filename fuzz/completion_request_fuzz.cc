// The input is the body of a completion.
#include "api/completion_request.h"
#include "fuzz/request_fuzz.h"

namespace candor {
namespace {

void Fuzz(std::string_view body) {
  const CompletionRequest request = ParseCompletionRequest(body);
  CHECK(!request.model.empty() && !request.prompts.empty());
  CHECK(request.prompts.size() * request.job.choices <= kMaxCompletionChoices);
  CHECK(request.job.max_tokens && *request.job.max_tokens >= 1);
  for (const auto& prompt : request.prompts) {
    if (const auto* tokens = std::get_if<RawTokens>(&prompt)) {
      CHECK(!request.echo && !tokens->empty());
      for (const TokenId token : *tokens) CHECK(token >= 0);
    } else {
      CHECK(!std::get<RawText>(prompt).empty() && IsValidUtf8(std::get<RawText>(prompt)));
    }
  }
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  candor::CheckRefusal([&] { candor::Fuzz({reinterpret_cast<const char*>(data), size}); });
  return 0;
}
