// The published patterns that the scanners stand for.
#include <algorithm>
#include <iterator>

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
  bool covers_every_text;
  std::unique_ptr<Splitter> (*make)();
};

constexpr KnownPattern kKnownPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", true, MakeGpt2Splitter},
    {CANDOR_CONTRACTIONS "|" CANDOR_LEAD R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" CANDOR_SPACE_TAIL, true,
     [] { return MakeLlama3Splitter(3); }},
    // cl100k as it was first written: its possessive quantifiers and its one newline match no less.
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     true, [] { return MakeLlama3Splitter(3); }},
    {CANDOR_CONTRACTIONS "|" CANDOR_LEAD R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" CANDOR_SPACE_TAIL, true,
     [] { return MakeLlama3Splitter(1); }},
    {CANDOR_LEAD CANDOR_UPPER "*" CANDOR_LOWER "+" CANDOR_CONTRACTIONS "?|" CANDOR_LEAD CANDOR_UPPER "+" CANDOR_LOWER
                              "*" CANDOR_CONTRACTIONS R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" CANDOR_SPACE_TAIL,
     true, [] { return MakeO200kSplitter(true, 3); }},
    {CANDOR_LEAD CANDOR_UPPER "*" CANDOR_LOWER "+|" CANDOR_LEAD CANDOR_UPPER "+" CANDOR_LOWER
                              R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" CANDOR_SPACE_TAIL,
     true, [] { return MakeO200kSplitter(false, 1); }},
    {R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|)"
     R"([^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" CANDOR_SPACE_TAIL,
     false, MakeDeepSeekV3Splitter},
    {R"(\p{N}{1,3})", false, [] { return MakeRunSplitter(CharSet::kNumbers, 3, false); }},
    {R"(\p{N}+)", false, [] { return MakeRunSplitter(CharSet::kNumbers, 0, false); }},
    {R"(\p{N})", false, [] { return MakeRunSplitter(CharSet::kNumbers, 1, false); }},
    {R"([\r\n])", false, [] { return MakeRunSplitter(CharSet::kNewline, 1, false); }},
    {R"(\s?\p{L}+)", false, [] { return MakeRunSplitter(CharSet::kLetters, 0, true); }},
    {R"(\s?\p{P}+)", false, [] { return MakeRunSplitter(CharSet::kPunctuation, 0, true); }},
    {R"([\p{P}\$\+<=>\^~\|]+)", false, [] { return MakeRunSplitter(CharSet::kPunctuationAndOperators, 0, false); }},
    {"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", false, [] { return MakeRunSplitter(CharSet::kHanKana, 0, false); }},
    {"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", false,
     [] { return MakeRunSplitter(CharSet::kHanHangul, 0, false); }},
    {"\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+", false,
     [] { return MakeRunSplitter(CharSet::kDeepSeekPunctuation, 0, true); }},
    {R"(\s+$)", false, MakeTrailingSpaceSplitter},
    {"[0-9][0-9][0-9]", false, MakeDigitTripleSplitter},
};

#undef CANDOR_SPACE_TAIL
#undef CANDOR_CONTRACTIONS
#undef CANDOR_UPPER
#undef CANDOR_LOWER
#undef CANDOR_LEAD

const KnownPattern* FindPattern(std::string_view pattern) {
  // Some files hold the newlines themselves where others hold escapes.
  const std::string escaped = ReplaceAll(ReplaceAll(pattern, "\r", R"(\r)"), "\n", R"(\n)");
  const auto found = std::find_if(std::begin(kKnownPatterns), std::end(kKnownPatterns),
                                  [&](const KnownPattern& known) { return known.text == escaped; });
  return found == std::end(kKnownPatterns) ? nullptr : found;
}

}  // namespace

std::unique_ptr<Splitter> SplitterForPattern(std::string_view pattern, const std::string& field) {
  if (const KnownPattern* known = FindPattern(pattern)) return known->make();
  if (pattern == DeepSeekLettersPattern()) return MakeRunSplitter(CharSet::kDeepSeekLetters, 0, true);
  return MakeRegexSplitter(pattern, field);
}

bool CoversEveryText(std::string_view pattern) {
  const KnownPattern* known = FindPattern(pattern);
  return known != nullptr && known->covers_every_text;
}

}  // namespace candor
