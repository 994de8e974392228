// The first byte chooses a vocabulary, the second whether control tokens are recognised, the rest is a text of any
// bytes. Byte-level tokens must give the text back, the detokenizer must agree with the bytes of all tokens, and one
// token at a time must give what all at once do.
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/small_vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

struct Subject {
  std::unique_ptr<Tokenizer> tokenizer;
  bool lossless;
};

const std::vector<Subject>& Subjects() {
  static const std::vector<Subject> subjects = [] {
    std::vector<Subject> made;
    for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2", "o200k", "tekken", "deepseek-llm",
                            "deepseek-coder", "deepseek-v3", "falcon", "default"}) {
      made.push_back({TokenizerFromGguf(SmallByteLevel(pre)), true});
    }
    made.push_back({TokenizerFromGguf(SmallSentencePiece(true)), false});
    made.push_back({TokenizerFromGguf(SmallSentencePiece(false)), false});
    return made;
  }();
  return subjects;
}

void Check(const Subject& subject, std::string_view text, bool parse_special) {
  const Tokenizer& tokenizer = *subject.tokenizer;
  const std::vector<TokenId> ids = tokenizer.Encode(text, parse_special);
  std::string bytes, streamed;
  StreamingDetokenizer detokenizer(tokenizer, true, true);
  for (const TokenId id : ids) {
    CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer.vocabulary_size());
    CHECK(parse_special || !tokenizer.IsControl(id));
    bytes += tokenizer.Bytes(id);
    const std::string shown = detokenizer.Add(id);
    CHECK(IsValidUtf8(shown));
    streamed += shown;
  }
  streamed += detokenizer.Finish();
  CHECK(!subject.lossless || bytes == text);
  CHECK(streamed == ToValidUtf8(bytes));
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  candor::Check(candor::Subjects()[data[0] % candor::Subjects().size()], text, data[1] % 2 == 1);
  return 0;
}
