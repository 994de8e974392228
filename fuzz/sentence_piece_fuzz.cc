// Bytes as a SentencePiece model and, behind the first "{", its tokenizer_config.json: read or refused; a vocabulary
// that is read encodes and decodes.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t config = std::min(text.find('{'), size);
  try {
    const auto tokenizer =
        candor::TokenizerFromSentencePiece(text.substr(0, config), text.substr(config), "fuzz.model");
    candor::Decode(*tokenizer, tokenizer->Encode("a b\xc3\xa9  <s>\n", true));
  } catch (const candor::Error&) {
  }
  return 0;
}
