// The scanners against the published patterns, run by PCRE2 on random texts.
#include "tokenizer/splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <typeinfo>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/deepseek_letters.h"
#include "tokenizer/gguf_splitters.h"

namespace candor {
namespace {

using Pieces = std::vector<std::string>;

Pieces Split(const Splitters& splitters, std::string_view text) {
  Pieces pieces;
  ForEachPiece(splitters, text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

Splitters Chain(const std::vector<std::string>& patterns) {
  Splitters splitters;
  for (const std::string& pattern : patterns) splitters.push_back(MakeRegexSplitter(pattern, "test"));
  return splitters;
}

// As the models' own files write them.
const char kGpt2[] = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const char kLlama3[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char kQwen2[] =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char kO200k[] =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char kTekken[] = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
                       R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
                       R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char kDeepSeekV3[] =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";
const char kHanKana[] = "[一-龥\u3040-ゟ゠-ヿ]+";
const char kHanHangul[] = "[一-龥\u0800-一가-\uD7FF]+";
const char kDeepSeekPunctuation[] = "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+";

const char kFalconPunctuation[] = "[\\p{P}\\$\\+<=>\\^~\\|`]+";

struct Family {
  const char* name;  // of a GGUF file
  std::vector<std::string> patterns;
};

std::vector<Family> Families() {
  return {
      {"gpt-2", {kGpt2}},
      {"smollm", {"\\p{N}", kGpt2}},
      {"llama-bpe", {kLlama3}},
      {"qwen2", {kQwen2}},
      {"deepseek-r1-qwen", {kQwen2}},
      {"o200k", {kO200k}},
      {"tekken", {kTekken}},
      {"deepseek-v3", {"\\p{N}{1,3}", kHanKana, kDeepSeekV3}},
      {"deepseek-coder", {"[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", kHanHangul, "\\p{N}"}},
      {"deepseek-llm", {"[\r\n]", DeepSeekLettersPattern(), kDeepSeekPunctuation, "\\s+$", kHanHangul, "\\p{N}"}},
      {"falcon", {kFalconPunctuation, kGpt2, "\\p{N}+", "[0-9][0-9][0-9]"}},
      {"default", {"[\\p{P}\\$\\+<=>\\^~\\|]+", kGpt2, "\\p{N}+", "[0-9][0-9][0-9]"}},
  };
}

// Characters that the patterns tell apart, and the ends of their ranges.
const std::vector<std::string> kCharacters = {
    "a",      "b",      "s",      "t",      "l",      "r",      "e",  "v",  "m",  "d",      "S",      "T",
    "L",      "R",      "E",      "A",      "Z",      "'",      "'",  "'",  " ",  " ",      " ",      "\n",
    "\r",     "\t",     "\v",     "0",      "1",      "9",      ".",  ",",  "!",  "/",      "$",      "+",
    "<",      "|",      "`",      "_",      "\"",     "\\",     "é",  "É",  "ß",  "ſ",      "ǅ",      "ʰ",
    "ª",      "中",     "文",     "龥",     "龦",     "あ",     "ー", "・", "가", "\uD7FF", "ह",      "ि",
    "\u0301", "\u0316", "\u20DD", "½",      "Ⅳ",      "٣",      "𝟘",  "€",  "😀",  "🏽",   "\u200D", "\u00A0",
    "\u0085", "\u2003", "\u2028", "\u3000", "、",     "。",     "‘",  "！", "～", "\u0007", "\u00AD", "\uE000",
    "\u0378", "𐐀",      "Ω",      "ώ",      "\u1F7D", "\u212A", "–",  "«",  "^",  "~",      "7",
};

std::string RandomText(std::mt19937& random) {
  // Mostly few different characters, so that runs and repetitions are common.
  std::vector<std::string> some;
  for (size_t i = 1 + random() % 9; i > 0; --i) some.push_back(kCharacters[random() % kCharacters.size()]);
  std::string text;
  for (size_t i = random() % 24; i > 0; --i) text += some[random() % some.size()];
  return text;
}

TEST(Splitter, ScannersCutAsTheirPatternsDo) {
  for (const Family& family : Families()) {
    const auto scanners = SplittersNamed(family.name);
    ASSERT_TRUE(scanners) << family.name;
    const Splitters reference = Chain(family.patterns);
    std::mt19937 random(1);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = RandomText(random);
      ASSERT_EQ(Split(scanners->splitters, text), Split(reference, text)) << family.name << ": \"" << text << "\"";
    }
  }
}

TEST(Splitter, EachPatternAloneIsRecognisedAndCutsAsPcre) {
  for (const Family& family : Families()) {
    for (const std::string& pattern : family.patterns) {
      Splitters scanner, reference = Chain({pattern});
      scanner.push_back(SplitterForPattern(pattern, "test"));
      if (pattern != kFalconPunctuation) {  // which files call a Punctuation pre-tokenizer instead
        ASSERT_NE(typeid(*scanner[0]), typeid(*reference[0])) << pattern;
      }
      std::mt19937 random(2);
      for (int i = 0; i < 1000; ++i) {
        const std::string text = RandomText(random);
        ASSERT_EQ(Split(scanner, text), Split(reference, text)) << pattern << ": \"" << text << "\"";
      }
    }
  }
}

TEST(Splitter, EveryCodePointHasTheClassesThatThePatternsGiveIt) {
  // Between two letters and before a digit a character shows its class. Left out is what this PCRE2's Unicode does not
  // know, and U+180E, which PCRE2 counts as white space.
  const Splitters unassigned = Chain({"\\p{Cn}"});
  for (const Family& family : Families()) {
    const auto scanners = SplittersNamed(family.name);
    const Splitters reference = Chain(family.patterns);
    for (char32_t code = 0; code < 0x3400; ++code) {
      std::string text = "a";
      AppendUtf8(code, text);
      if (code == 0x180E || Split(unassigned, text).size() == 2) continue;
      text += "A 1";
      AppendUtf8(code, text);
      ASSERT_EQ(Split(scanners->splitters, text), Split(reference, text)) << family.name << ": " << uint32_t{code};
    }
  }
}

TEST(Splitter, PiecesPutTogetherAreTheText) {
  std::mt19937 random(3);
  for (const Family& family : Families()) {
    const auto scanners = SplittersNamed(family.name);
    for (int i = 0; i < 1000; ++i) {
      std::string text;
      for (size_t n = random() % 20; n > 0; --n) text.push_back(static_cast<char>(random() % 3 == 0 ? random() : 'a'));
      std::string joined;
      ForEachPiece(scanners->splitters, text, [&](std::string_view piece) {
        ASSERT_FALSE(piece.empty());
        joined += piece;
      });
      ASSERT_EQ(joined, text);
    }
  }
}

TEST(Splitter, UnknownNamesAreRefused) { EXPECT_FALSE(SplittersNamed("no-such-pre-tokenizer")); }

TEST(RegexSplitter, WhatLiesBetweenMatchesIsAPiece) {
  EXPECT_EQ(Split(Chain({"b+"}), "abbac"), (Pieces{"a", "bb", "ac"}));
  EXPECT_EQ(Split(Chain({"b*"}), "abb"), (Pieces{"a", "bb"}));
  EXPECT_EQ(Split(Chain({"x"}), "a\xFFx\xFF"), (Pieces{"a\xFF", "x", "\xFF"}));
}

TEST(RegexSplitter, RefusesWhatItCannotRun) {
  for (const char* pattern :
       {"(", "(a)\\1", "[a&&b]", "[a[b]]", "\\h", "(?m)a", "(?R)", "\\C", "(*COMMIT)a", "[z-a]"}) {
    EXPECT_THROW(MakeRegexSplitter(pattern, "field"), UnsupportedError) << pattern;
  }
  EXPECT_THROW(MakeRegexSplitter(std::string(20'000, 'a'), "field"), UnsupportedError);
}

TEST(RegexSplitter, WorkIsBounded) {
  const std::string text(20'000, 'a');
  EXPECT_THROW(Split(Chain({"(a+)+b|a"}), text), LimitError);  // exponential
  EXPECT_THROW(Split(Chain({"a*b|a"}), text), LimitError);     // quadratic
  EXPECT_EQ(Split(Chain({"a+"}), text).size(), 1u);
}

}  // namespace
}  // namespace candor
