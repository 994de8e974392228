// The first byte chooses the request: e(mbedding), t(okenize), d(etokenize), anything else closes a thought. The rest
// is its body.
#include "api/embedding_request.h"
#include "api/small_requests.h"
#include "fuzz/request_fuzz.h"

namespace candor {
namespace {

void Fuzz(char which, std::string_view body) {
  if (which == 'e') {
    const EmbeddingRequest request = ParseEmbeddingRequest(body);
    CHECK(!request.inputs.empty() && request.inputs.size() <= 2048);
  } else if (which == 't') {
    CHECK(IsValidUtf8(ParseTokenizeRequest(body).query.text));
  } else if (which == 'd') {
    for (const TokenId token : ParseDetokenizeRequest(body).query.tokens) CHECK(token >= 0);
  } else {
    ParseCloseThoughtRequest(body);
  }
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto* text = reinterpret_cast<const char*>(data);
  candor::CheckRefusal([&] { candor::Fuzz(text[0], {text + 1, size - 1}); });
  return 0;
}
