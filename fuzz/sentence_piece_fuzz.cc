// Bytes as a SentencePiece model: read or refused; a vocabulary that is read encodes and decodes.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto tokenizer =
        candor::TokenizerFromSentencePiece({reinterpret_cast<const char*>(data), size}, "fuzz.model");
    candor::Decode(*tokenizer, tokenizer->Encode("a b\xc3\xa9  <s>\n", true));
  } catch (const candor::Error&) {
  }
  return 0;
}
