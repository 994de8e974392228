// Makes a string piece by piece, charging every byte before it is written.
#ifndef CANDOR_CHAT_JINJA_TEXT_BUILDER_H_
#define CANDOR_CHAT_JINJA_TEXT_BUILDER_H_

#include <string>
#include <string_view>
#include <utility>

#include "chat/jinja/budget.h"
#include "chat/jinja/unicode.h"
#include "chat/jinja/value.h"

namespace candor::jinja {

class TextBuilder {
 public:
  explicit TextBuilder(Budget& budget) : budget_(budget) {}

  void Append(std::string_view text) {
    Charge(text.size());
    text_ += text;
  }
  void Append(char c) {
    Charge(1);
    text_ += c;
  }
  void AppendCodePoint(char32_t c) {
    Charge(4);
    AppendUtf8(text_, c);
  }
  void AppendRepeated(std::string_view text, uint64_t count) {
    if (text.empty() || count == 0) return;
    budget_.CheckLength(count);
    Charge(text.size() * count);
    for (uint64_t i = 0; i < count; ++i) text_ += text;
  }

  size_t size() const { return text_.size(); }
  std::string_view view() const { return text_; }
  Value Finish(bool safe = false) { return Value::String(std::move(text_), safe); }
  std::string Take() { return std::move(text_); }

 private:
  void Charge(uint64_t bytes) {
    budget_.CheckLength(text_.size() + bytes);
    budget_.Build(bytes);
  }

  Budget& budget_;
  std::string text_;
};

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_TEXT_BUILDER_H_
