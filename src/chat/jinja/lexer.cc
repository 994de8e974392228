// White space control, as the reference does it:
//   "-" beside a delimiter strips all white space on that side of the tag;
//   lstrip_blocks: white space between the beginning of a line and a statement or comment tag goes, unless "+" stands
//   after the opening delimiter; trim_blocks: so does one newline after such a tag, unless "+" stands before its end;
//   one newline at the end of the template goes.
#include <charconv>
#include <cstdlib>
#include <deque>
#include <utility>

#include "chat/jinja/failure.h"
#include "chat/jinja/string_literal.h"
#include "chat/jinja/token.h"
#include "chat/jinja/unicode.h"

namespace candor::jinja {
namespace {

// "\r\n" and "\r" become "\n", and the last newline goes.
std::string Normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

class TokenStream::Lexer {
 public:
  Lexer(std::string_view source, uint32_t max_tokens)
      : source_(Normalized(source)), text_(source_), max_tokens_(max_tokens) {}

  Token Next() {
    while (ready_.empty()) Step();
    Token token = std::move(ready_.front());
    ready_.pop_front();
    if (token.type != TokenType::kEnd && tokens_++ == max_tokens_) {
      FailLimit("the template has more than " + std::to_string(max_tokens_) +
                    " tokens (names, literals, operators, delimiters, stretches of text)",
                token.line);
    }
    return token;
  }

 private:
  void Step() {
    if (tag_end_ != TokenType::kEnd) {
      Tag();
    } else if (at_ < text_.size()) {
      Root();
    } else {
      Add(TokenType::kEnd, "");
    }
  }

  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  // Moves to `end`, counting lines.
  void Advance(size_t end) {
    for (; at_ < end; ++at_) line_ += text_[at_] == '\n';
  }

  size_t SkipSpace(size_t at) const {
    for (size_t next = at; next < text_.size(); at = next) {
      if (!IsSpace(NextCodePoint(text_, next))) break;
    }
    return at;
  }

  void Add(TokenType type, std::string text, double real = 0) {
    ready_.push_back({type, line_, std::move(text), real});
  }

  // Where `{%`, an optional sign, `word` and the spaces around it end, when they stand at `at`; else npos.
  size_t MatchRawTag(size_t at, std::string_view word, char& sign) const {
    at += 2;
    sign = at < text_.size() && (text_[at] == '-' || text_[at] == '+') ? text_[at] : '\0';
    if (sign != '\0') ++at;
    at = SkipSpace(at);
    if (!text_.substr(at).starts_with(word)) return std::string_view::npos;
    return SkipSpace(at + word.size());
  }

  // The end of a closing delimiter at `at`, with what it strips after itself; npos when it is not there.
  size_t MatchTagEnd(size_t at, std::string_view delimiter, bool trims, bool allows_plus) const {
    const std::string_view rest = text_.substr(at);
    if (rest.starts_with('-') && rest.substr(1).starts_with(delimiter)) return SkipSpace(at + 1 + delimiter.size());
    if (allows_plus && rest.starts_with('+') && rest.substr(1).starts_with(delimiter)) return at + 1 + delimiter.size();
    if (!rest.starts_with(delimiter)) return std::string_view::npos;
    at += delimiter.size();
    return trims && at < text_.size() && text_[at] == '\n' ? at + 1 : at;
  }

  // Text up to the tag at `tag`, whose opening delimiter has `sign`.
  void AddData(size_t tag, char sign, bool is_variable) {
    std::string_view data = text_.substr(at_, tag - at_);
    if (sign == '-') {
      while (!data.empty()) {
        size_t last = data.size();
        if (!IsSpace(PreviousCodePoint(data, last))) break;
        data.remove_suffix(data.size() - last);
      }
    } else if (sign != '+' && !is_variable) {
      const size_t newline = data.rfind('\n');
      const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      if ((line_begin > 0 || line_starts_) && SkipSpaceIn(data, line_begin) == data.size()) {
        data = data.substr(0, line_begin);
      }
    }
    if (!data.empty()) Add(TokenType::kData, std::string(data));
    Advance(tag);
  }

  static size_t SkipSpaceIn(std::string_view data, size_t at) {
    for (size_t next = at; next < data.size(); at = next) {
      if (!IsSpace(NextCodePoint(data, next))) break;
    }
    return at;
  }

  // One stretch of text and the tag behind it.
  void Root() {
    size_t tag = at_;
    const auto is_tag = [&] {
      return text_[tag] == '{' && (text_[tag + 1] == '%' || text_[tag + 1] == '{' || text_[tag + 1] == '#');
    };
    while (tag + 1 < text_.size() && !is_tag()) ++tag;
    if (tag + 1 >= text_.size()) {
      Add(TokenType::kData, std::string(text_.substr(at_)));
      Advance(text_.size());
      return;
    }
    const char kind = text_[tag + 1];
    char sign = tag + 2 < text_.size() && (text_[tag + 2] == '-' || text_[tag + 2] == '+') ? text_[tag + 2] : '\0';
    if (kind == '%') {
      char raw_sign;
      const size_t after_word = MatchRawTag(tag, "raw", raw_sign);
      const size_t end =
          after_word == std::string_view::npos ? after_word : MatchTagEnd(after_word, "%}", false, false);
      if (end != std::string_view::npos) {
        AddData(tag, raw_sign, false);
        return Raw(end);
      }
    }
    AddData(tag, sign, kind == '{');
    const size_t inside = tag + (sign == '\0' ? 2 : 3);
    if (kind == '#') return Comment(inside);
    Add(kind == '{' ? TokenType::kVariableBegin : TokenType::kBlockBegin, "");
    Advance(inside);
    tag_end_ = kind == '{' ? TokenType::kVariableEnd : TokenType::kBlockEnd;
  }

  void FinishTag(size_t end) {
    Advance(end);
    line_starts_ = text_[end - 1] == '\n';
  }

  void Comment(size_t inside) {
    const size_t close = text_.find("#}", inside);
    if (close == std::string_view::npos) FailAt(line_, "Missing end of comment tag");
    const bool has_sign = close > inside && (text_[close - 1] == '-' || text_[close - 1] == '+');
    FinishTag(MatchTagEnd(has_sign ? close - 1 : close, "#}", true, true));
  }

  void Raw(size_t inside) {
    const int line = line_;
    FinishTag(inside);
    for (size_t tag = at_; (tag = text_.find("{%", tag)) != std::string_view::npos; tag += 2) {
      char sign;
      const size_t after_word = MatchRawTag(tag, "endraw", sign);
      if (after_word == std::string_view::npos) continue;
      const size_t end = MatchTagEnd(after_word, "%}", true, true);
      if (end == std::string_view::npos) continue;
      AddData(tag, sign, false);
      return FinishTag(end);
    }
    FailAt(line, "Missing end of raw directive");
  }

  // The next token of an expression, white space before it, or the closing delimiter, which counts outside brackets
  // only.
  void Tag() {
    if (brackets_.empty()) {
      const bool is_block = tag_end_ == TokenType::kBlockEnd;
      const size_t end = MatchTagEnd(at_, is_block ? "%}" : "}}", is_block, is_block);
      if (end != std::string_view::npos) {
        Add(std::exchange(tag_end_, TokenType::kEnd), "");
        return FinishTag(end);
      }
    }
    const size_t token = SkipSpace(at_);
    if (token > at_) {
      Advance(token);
    } else if (at_ == text_.size()) {
      Add(TokenType::kEnd, "");
    } else if (!Number() && !Name() && !String()) {
      Operator();
    }
  }

  // Digits with single underscores between them, from `at`; the end, or `at` when there are none.
  size_t Digits(size_t at) const {
    size_t end = at;
    while (end < text_.size() && IsDigit(text_[end])) {
      while (end < text_.size() && IsDigit(text_[end])) ++end;
      if (end + 1 < text_.size() && text_[end] == '_' && IsDigit(text_[end + 1])) ++end;
    }
    return end;
  }

  static std::string WithoutUnderscores(std::string_view digits) {
    std::string out(digits);
    std::erase(out, '_');
    return out;
  }

  bool Number() {
    if (!IsDigit(Peek())) return false;
    return Float() || PrefixedInteger() || Decimal();
  }

  bool Float() {
    if (at_ > 0 && text_[at_ - 1] == '.') return false;  // x.1.2 are two subscripts
    const size_t whole = Digits(at_);
    size_t end = whole;
    if (end + 1 < text_.size() && text_[end] == '.' && IsDigit(text_[end + 1])) end = Digits(end + 1);
    if (end < text_.size() && (text_[end] | 0x20) == 'e') {
      const size_t sign = end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-') ? 1 : 0;
      const size_t exponent = Digits(end + 1 + sign);
      if (exponent > end + 1 + sign) end = exponent;
    }
    if (end == whole) return false;
    const std::string digits = WithoutUnderscores(text_.substr(at_, end - at_));
    double value = 0;
    // Python reads what is too large as infinite and what is too small as zero, as strtod does.
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc::result_out_of_range) {
      value = std::strtod(digits.c_str(), nullptr);
    }
    Add(TokenType::kFloat, "", value);
    at_ = end;
    return true;
  }

  bool PrefixedInteger() {
    if (Peek() != '0') return false;
    const char prefix = static_cast<char>(Peek(1) | 0x20);
    const int base = prefix == 'b' ? 2 : prefix == 'o' ? 8 : prefix == 'x' ? 16 : 0;
    if (base == 0) return false;
    std::string digits;
    size_t at = at_ + 2;
    while (at < text_.size()) {
      const size_t digit = text_[at] == '_' ? at + 1 : at;
      if (digit == text_.size()) break;
      const char c = static_cast<char>(IsDigit(text_[digit]) ? text_[digit] - '0' : (text_[digit] | 0x20) - 'a' + 10);
      if (c < 0 || c >= base) break;
      digits += text_[digit];
      at = digit + 1;
    }
    if (digits.empty()) return false;
    int64_t value;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value, base).ec != std::errc()) {
      FailAt(line_, "an integer beyond 64 bits is supported in decimal only");
    }
    Add(TokenType::kInteger, std::to_string(value));
    at_ = at;
    return true;
  }

  bool Decimal() {
    size_t end = Digits(at_);
    if (Peek() == '0') {
      // Zeros are a number of their own: "007" is two tokens.
      end = at_ + 1;
      while (end < text_.size() &&
             (text_[end] == '0' || (text_[end] == '_' && end + 1 < text_.size() && text_[end + 1] == '0')))
        ++end;
      Add(TokenType::kInteger, "0");
    } else {
      Add(TokenType::kInteger, WithoutUnderscores(text_.substr(at_, end - at_)));
    }
    at_ = end;
    return true;
  }

  bool Name() {
    size_t end = at_;
    for (size_t next = at_; next < text_.size(); end = next) {
      const char32_t c = NextCodePoint(text_, next);
      if (!IsIdentifierPart(c)) break;
      if (end == at_ && c != '_' && !IsAlpha(c)) FailAt(line_, "Invalid character in identifier");
    }
    if (end == at_) return false;
    Add(TokenType::kName, std::string(text_.substr(at_, end - at_)));
    at_ = end;
    return true;
  }

  bool String() {
    const char quote = Peek();
    if (quote != '"' && quote != '\'') return false;
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return false;
    Add(TokenType::kString, ResolveEscapes(text_.substr(at_ + 1, end - at_ - 1), line_));
    Advance(end + 1);
    return true;
  }

  void Operator() {
    static constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                      "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                      ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    for (const std::string_view symbol : kOperators) {
      if (!StartsWith(symbol)) continue;
      Balance(symbol[0]);
      Add(TokenType::kOperator, std::string(symbol));
      at_ += symbol.size();
      return;
    }
    size_t end = at_;
    NextCodePoint(text_, end);
    FailAt(line_, "unexpected char '" + std::string(text_.substr(at_, end - at_)) + "' at " +
                      std::to_string(CodePointCount(text_.substr(0, at_))));
  }

  void Balance(char c) {
    if (c == '{' || c == '(' || c == '[') {
      brackets_ += c == '{' ? '}' : c == '(' ? ')' : ']';
    } else if (c == '}' || c == ')' || c == ']') {
      const std::string symbol = "'" + std::string(1, c) + "'";
      if (brackets_.empty()) FailAt(line_, "unexpected " + symbol);
      if (brackets_.back() != c) FailAt(line_, "unexpected " + symbol + ", expected '" + brackets_.back() + "'");
      brackets_.pop_back();
    }
  }

  const std::string source_;
  const std::string_view text_;
  const uint32_t max_tokens_;
  uint32_t tokens_ = 0;
  std::deque<Token> ready_;
  TokenType tag_end_ = TokenType::kEnd;  // of the tag that is being read; kEnd: none is
  std::string brackets_;                 // that close the open ones
  size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  // the text behind the last tag begins a line
};

TokenStream::TokenStream(std::string_view source, uint32_t max_tokens)
    : lexer_(std::make_unique<Lexer>(source, max_tokens)) {}
TokenStream::~TokenStream() = default;

Token TokenStream::Next() { return lexer_->Next(); }

}  // namespace candor::jinja
