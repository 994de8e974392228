// The published patterns that the scanners stand for.
#include <array>
#include <functional>

#include "tokenizer/deepseek_letters.h"
#include "tokenizer/sentence_piece.h"
#include "tokenizer/splitter.h"

namespace candor {
namespace {

#define CANDOR_SPACE_TAIL R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CANDOR_CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define CANDOR_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define CANDOR_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CANDOR_LEAD R"([^\r\n\p{L}\p{N}]?)"

struct KnownPattern {
  std::string_view text;
  std::unique_ptr<Splitter> (*make)();
};

constexpr KnownPattern kKnownPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", MakeGpt2Splitter},
    {CANDOR_CONTRACTIONS "|" CANDOR_LEAD R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" CANDOR_SPACE_TAIL,
     [] { return MakeLlama3Splitter(3); }},
    {CANDOR_CONTRACTIONS "|" CANDOR_LEAD R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" CANDOR_SPACE_TAIL,
     [] { return MakeLlama3Splitter(1); }},
    {CANDOR_LEAD CANDOR_UPPER "*" CANDOR_LOWER "+" CANDOR_CONTRACTIONS "?|" CANDOR_LEAD CANDOR_UPPER "+" CANDOR_LOWER
                              "*" CANDOR_CONTRACTIONS R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" CANDOR_SPACE_TAIL,
     [] { return MakeO200kSplitter(true, 3); }},
    {CANDOR_LEAD CANDOR_UPPER "*" CANDOR_LOWER "+|" CANDOR_LEAD CANDOR_UPPER "+" CANDOR_LOWER
                              R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" CANDOR_SPACE_TAIL,
     [] { return MakeO200kSplitter(false, 1); }},
    {R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" CANDOR_SPACE_TAIL,
     MakeDeepSeekV3Splitter},
    {R"(\p{N}{1,3})", [] { return MakeRunSplitter(CharSet::kNumbers, 3, false); }},
    {R"(\p{N}+)", [] { return MakeRunSplitter(CharSet::kNumbers, 0, false); }},
    {R"(\p{N})", [] { return MakeRunSplitter(CharSet::kNumbers, 1, false); }},
    {R"([\r\n])", [] { return MakeRunSplitter(CharSet::kNewline, 1, false); }},
    {R"(\s?\p{L}+)", [] { return MakeRunSplitter(CharSet::kLetters, 0, true); }},
    {R"(\s?\p{P}+)", [] { return MakeRunSplitter(CharSet::kPunctuation, 0, true); }},
    {R"([\p{P}\$\+<=>\^~\|]+)", [] { return MakeRunSplitter(CharSet::kPunctuationAndOperators, 0, false); }},
    {"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", [] { return MakeRunSplitter(CharSet::kHanKana, 0, false); }},
    {"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", [] { return MakeRunSplitter(CharSet::kHanHangul, 0, false); }},
    {"\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+",
     [] { return MakeRunSplitter(CharSet::kDeepSeekPunctuation, 0, true); }},
    {R"(\s+$)", MakeTrailingSpaceSplitter},
    {"[0-9][0-9][0-9]", MakeDigitTripleSplitter},
};

#undef CANDOR_SPACE_TAIL
#undef CANDOR_CONTRACTIONS
#undef CANDOR_UPPER
#undef CANDOR_LOWER
#undef CANDOR_LEAD

}  // namespace

std::unique_ptr<Splitter> SplitterForPattern(std::string_view pattern, const std::string& field) {
  // Some files hold the newlines themselves where others hold escapes.
  const std::string escaped = ReplaceAll(ReplaceAll(pattern, "\r", R"(\r)"), "\n", R"(\n)");
  for (const KnownPattern& known : kKnownPatterns) {
    if (escaped == known.text) return known.make();
  }
  if (escaped == DeepSeekLettersPattern()) return MakeRunSplitter(CharSet::kDeepSeekLetters, 0, true);
  return MakeRegexSplitter(pattern, field);
}

}  // namespace candor
