#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/tokenizer.h"

namespace candor {

StreamingDetokenizer::StreamingDetokenizer(const Tokenizer& tokenizer, bool show_special, bool continues)
    : tokenizer_(&tokenizer), show_special_(show_special), at_start_(!continues) {}

std::string StreamingDetokenizer::Add(TokenId id) {
  CHECK(id >= 0 && static_cast<size_t>(id) < tokenizer_->vocabulary_size());
  std::string text = std::move(pending_);
  pending_.clear();
  if (!tokenizer_->IsControl(id) || show_special_) {
    std::string_view bytes = tokenizer_->Bytes(id);
    if (!bytes.empty()) {
      if (at_start_ && tokenizer_->strips_leading_space() && bytes.front() == ' ') bytes.remove_prefix(1);
      at_start_ = false;
    }
    text.append(bytes);
  }
  return Take(text, false);
}

std::string StreamingDetokenizer::Finish() {
  const std::string text = std::move(pending_);
  pending_.clear();
  return Take(text, true);
}

std::string StreamingDetokenizer::Take(std::string_view text, bool end) {
  std::string out;
  for (size_t pos = 0; pos < text.size();) {
    const Utf8Char c = DecodeUtf8(text, pos);
    if (c.truncated && !end) {
      pending_ = text.substr(pos);
      break;
    }
    AppendUtf8(c.code == kInvalidUtf8 ? kReplacementCharacter : c.code, out);
    pos += c.bytes;
  }
  return out;
}

std::string Decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_special) {
  StreamingDetokenizer detokenizer(tokenizer, show_special);
  std::string text;
  for (const TokenId id : ids) text += detokenizer.Add(id);
  return text + detokenizer.Finish();
}

}  // namespace candor
