#include "base/check.h"
#include "tokenizer/tokenizer.h"

namespace candor {

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, bool show_special, bool continues)
    : tokenizer_(&tokenizer), show_special_(show_special), at_start_(!continues) {}

std::string StreamingDetokenizer::Add(TokenId id) {
  CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer_->vocabulary_size());
  if (tokenizer_->IsControl(id) && !show_special_) return "";
  std::string_view bytes = tokenizer_->Bytes(id);
  if (!bytes.empty()) {
    if (at_start_ && tokenizer_->strips_leading_space() && bytes.front() == ' ') bytes.remove_prefix(1);
    at_start_ = false;
  }
  return characters_.Add(bytes);
}

std::string StreamingDetokenizer::Finish() { return characters_.Finish(); }

std::string Decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_special) {
  StreamingDetokenizer detokenizer(tokenizer, show_special);
  std::string text;
  for (const TokenId id : ids) text += detokenizer.Add(id);
  return text + detokenizer.Finish();
}

}  // namespace candor
