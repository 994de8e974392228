#include "tokenizer/normalizer.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <random>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

TEST(NormalizeUnicode, ExamplesOfTheStandard) {  // Unicode Standard Annex 15, figures 3 to 6
  EXPECT_EQ(NormalizeUnicode("\u212B", UnicodeForm::kNfc), "\u00C5");
  EXPECT_EQ(NormalizeUnicode("\u212B", UnicodeForm::kNfd), "A\u030A");
  EXPECT_EQ(NormalizeUnicode("\u1E0B\u0323", UnicodeForm::kNfc), "\u1E0D\u0307");
  EXPECT_EQ(NormalizeUnicode("q\u0307\u0323", UnicodeForm::kNfc), "q\u0323\u0307");
  EXPECT_EQ(NormalizeUnicode("\u1E9B\u0323", UnicodeForm::kNfd), "\u017F\u0323\u0307");
  EXPECT_EQ(NormalizeUnicode("\u1E9B\u0323", UnicodeForm::kNfc), "\u1E9B\u0323");
  EXPECT_EQ(NormalizeUnicode("\u1E9B\u0323", UnicodeForm::kNfkd), "s\u0323\u0307");
  EXPECT_EQ(NormalizeUnicode("\u1E9B\u0323", UnicodeForm::kNfkc), "\u1E69");
  EXPECT_EQ(NormalizeUnicode("\uFB01", UnicodeForm::kNfkc), "fi");
  EXPECT_EQ(NormalizeUnicode("2\u2075", UnicodeForm::kNfkd), "25");
  EXPECT_EQ(NormalizeUnicode("\u1100\u1161\u11A8", UnicodeForm::kNfc), "\uAC01");
}

TEST(NormalizeUnicode, RandomTextsComeOutAsFromTheWholeLibrary) {
  constexpr int kOptions[] = {UTF8PROC_COMPOSE, UTF8PROC_DECOMPOSE, UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
                              UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT};
  constexpr std::pair<uint32_t, uint32_t> kBlocks[] = {{0x20, 0x80},     {0x80, 0x250},    {0x300, 0x370},
                                                       {0x370, 0x500},   {0x900, 0xE80},   {0x1100, 0x1200},
                                                       {0x1E00, 0x2200}, {0xAC00, 0xD7A4}, {0xFB00, 0xFE00}};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) {
      const auto [low, high] = kBlocks[random() % std::size(kBlocks)];
      AppendUtf8(low + random() % (high - low), text);
    }
    for (int form = 0; form < 4; ++form) {
      utf8proc_uint8_t* mapped = nullptr;
      const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                       static_cast<utf8proc_option_t>(UTF8PROC_STABLE | kOptions[form]));
      ASSERT_GE(length, 0);
      const std::string expected(reinterpret_cast<const char*>(mapped), static_cast<size_t>(length));
      std::free(mapped);
      ASSERT_EQ(NormalizeUnicode(text, static_cast<UnicodeForm>(form)), expected) << form << ": " << text;
    }
  }
}

TEST(NormalizeUnicode, BytesThatAreNotUtf8Stay) {
  EXPECT_EQ(NormalizeUnicode("e\u0301\xFF\u0301"
                             "e\u0301\xC3",
                             UnicodeForm::kNfc),
            "\u00E9\xFF\u0301\u00E9\xC3");
}

TEST(NormalizeUnicode, AMillionMarksInTheWorstOrderTakeNoTime) {
  std::string text = "a";
  for (int i = 0; i < 500'000; ++i) text += "\u0301\u0316";  // classes 230 and 220: each pair is out of order
  const std::string normalized = NormalizeUnicode(text, UnicodeForm::kNfd);
  EXPECT_EQ(normalized.size(), text.size());
  EXPECT_EQ(normalized.substr(0, 5), "a\u0316\u0316");
}

std::string Apply(const std::vector<Normalizer::Step>& steps, std::string_view text, bool at_start = true) {
  Normalizer normalizer;
  for (const Normalizer::Step& step : steps) normalizer.Add(step);
  std::string buffer;
  return std::string(normalizer.Apply(text, at_start, buffer));
}

TEST(Normalizer, StepsFollowEachOther) {
  const std::vector<Normalizer::Step> llama = {Normalizer::Prepend{"_", "", false}, Normalizer::Replace{" ", "_"}};
  EXPECT_EQ(Apply(llama, "a b"), "_a_b");
  EXPECT_EQ(Apply(llama, " a"), "__a");
  EXPECT_EQ(Apply(llama, ""), "");
  EXPECT_EQ(Apply({Normalizer::Replace{"aa", "b"}}, "aaaaa"), "bba");
}

TEST(Normalizer, APrefixCanBeLeftOut) {
  EXPECT_EQ(Apply({Normalizer::Prepend{" ", " ", false}}, "a"), " a");
  EXPECT_EQ(Apply({Normalizer::Prepend{" ", " ", false}}, " a"), " a");
  EXPECT_EQ(Apply({Normalizer::Prepend{"_", "_", true}}, "a", true), "_a");
  EXPECT_EQ(Apply({Normalizer::Prepend{"_", "_", true}}, "a", false), "a");
}

TEST(Normalizer, GrowthIsBounded) {
  const Normalizer::Step grow = Normalizer::Replace{"a", std::string(60, 'a')};
  EXPECT_THROW(Apply({grow}, std::string(1000, 'a')), LimitError);
  EXPECT_EQ(Apply({grow}, "a").size(), 60u);
}

}  // namespace
}  // namespace candor
