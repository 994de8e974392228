// The input is a tokenizer.json, after a zero byte a tokenizer_config.json. Nothing but candor::Error may leave the
// reader; what it accepts must encode any text to ids that the vocabulary has.
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

void Check(std::string_view json, std::string_view config) {
  try {
    const auto tokenizer = TokenizerFromJson(json, config, "fuzz");
    for (const TokenId id : tokenizer->end_tokens()) {
      CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer->vocabulary_size());
    }
    for (const std::string_view text :
         {"", " a  b\n\n1234 c's <s>", "\u2581\u2581é\xFF\xC3", "aaaaaaaabbbbbbbbaaaaaaaaab"}) {
      for (const bool special : {false, true}) {
        const auto ids = tokenizer->Encode(text, special);
        for (const TokenId id : ids) CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer->vocabulary_size());
        Decode(*tokenizer, ids);
      }
    }
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  candor::Check(input.substr(0, end), end == std::string_view::npos ? "" : input.substr(end + 1));
  return 0;
}
