#include "tokenizer/added_tokens.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace candor {
namespace {

std::string Name(TokenId id) { return std::string("<").append(std::to_string(id)).append(">"); }

// The texts between tokens, and tokens as "<id>".
std::vector<std::string> Cut(const AddedTokens& tokens, std::string_view text, bool control = true,
                             std::vector<size_t> literal = {}) {
  std::vector<std::string> parts;
  tokens.Partition(
      text, {control, literal}, [&](TokenId id) { parts.push_back(Name(id)); },
      [&](std::string_view part, size_t begin) {
        EXPECT_EQ(part, text.substr(begin, part.size()));
        parts.emplace_back(part);
      });
  return parts;
}

using Parts = std::vector<std::string>;

TEST(AddedTokens, TheLeftmostComesFirstThenTheLongest) {
  const AddedTokens tokens({{"ab", 1}, {"abcd", 2}, {"bcde", 3}, {"b", 4}}, "field");
  EXPECT_EQ(Cut(tokens, "xabcdex"), (Parts{"x", "<2>", "ex"}));
  EXPECT_EQ(Cut(tokens, "abcx"), (Parts{"<1>", "cx"}));
  EXPECT_EQ(Cut(tokens, "bcdeb"), (Parts{"<3>", "<4>"}));
  EXPECT_EQ(Cut(tokens, ""), (Parts{}));
}

TEST(AddedTokens, NoTokenBeginsWhereTextIsLiteral) {
  const AddedTokens tokens({{.text = "ab", .id = 1},
                            {.text = "abc", .id = 2, .control = true},
                            {.text = " <x>", .id = 3, .control = true},
                            {.text = "<x>", .id = 4, .control = true, .lstrip = true}},
                           "field");
  EXPECT_EQ(Cut(tokens, "abcabc"), (Parts{"<2>", "<2>"}));
  EXPECT_EQ(Cut(tokens, "abcabc", true, {3}), (Parts{"<2>", "abc"}));
  EXPECT_EQ(Cut(tokens, "abcabc", true, {0, 3}), (Parts{"abcabc"}));
  EXPECT_EQ(Cut(tokens, "abab", true, {2}), (Parts{"<1>", "ab"}));
  EXPECT_EQ(Cut(tokens, "a  <x>", true, {2, 3}), (Parts{"a  <x>"}));
}

TEST(AddedTokens, MoreThanATrieShouldHoldAreRefused) {
  const auto make = [](size_t count, size_t bytes) {
    std::vector<AddedToken> list(count, AddedToken{std::string(bytes, 'a'), 0});
    return AddedTokens(std::move(list), "field");
  };
  EXPECT_NO_THROW(make(1 << 17, 16));
  EXPECT_THROW(make((1 << 17) + 1, 16), LimitError);
  EXPECT_NO_THROW(make(4096, 512));
  EXPECT_THROW(make(4097, 512), LimitError);
  EXPECT_THROW(make(1, 513), LimitError);
}

TEST(AddedTokens, RandomTokensAreFoundAsByTheirDefinition) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<AddedToken> list;
    for (size_t i = 1 + random() % 12; i > 0; --i) {
      AddedToken token;
      for (size_t n = 1 + random() % 5; n > 0; --n) token.text.push_back("ab\xFF"[random() % 3]);
      token.id = static_cast<TokenId>(list.size());
      token.control = random() % 2 == 0;
      list.push_back(token);
    }
    const AddedTokens tokens(list, "field");
    for (const bool control : {true, false}) {
      std::string text;
      for (size_t n = random() % 30; n > 0; --n) text.push_back("ab\xFF"[random() % 3]);
      Parts expected;
      std::string between;
      for (size_t pos = 0; pos < text.size();) {
        const AddedToken* best = nullptr;
        for (const AddedToken& token : list) {
          if ((token.control && !control) || !std::string_view(text).substr(pos).starts_with(token.text)) continue;
          if (best == nullptr || token.text.size() >= best->text.size()) best = &token;
        }
        if (best == nullptr) {
          between.push_back(text[pos++]);
          continue;
        }
        if (!between.empty()) expected.push_back(std::exchange(between, ""));
        expected.push_back(Name(best->id));
        pos += best->text.size();
      }
      if (!between.empty()) expected.push_back(between);
      // Of equal texts the last one given counts, whoever may be asked for: leave those rounds out.
      bool equal = false;
      for (const AddedToken& a : list) {
        for (const AddedToken& b : list) equal |= a.id != b.id && a.text == b.text;
      }
      if (!equal) {
        ASSERT_EQ(Cut(tokens, text, control), expected) << text;
      }
    }
  }
}

TEST(AddedTokens, ControlTokensAreFoundWhenAskedFor) {
  const AddedTokens tokens({{"<s>", 1, true}, {"<s><s>", 2, true}, {"<", 3}}, "field");
  EXPECT_EQ(Cut(tokens, "a<s><s>", true), (Parts{"a", "<2>"}));
  EXPECT_EQ(Cut(tokens, "a<s><s>", false), (Parts{"a", "<3>", "s>", "<3>", "s>"}));
}

TEST(AddedTokens, StripTakesTheWhiteSpaceBesideIt) {
  const AddedTokens tokens({{"L", 1, false, false, true, false}, {"R", 2, false, false, false, true}}, "field");
  EXPECT_EQ(Cut(tokens, "a \n\u3000L b R \t c"), (Parts{"a", "<1>", " b ", "<2>", "c"}));
  EXPECT_EQ(Cut(tokens, "R  L"), (Parts{"<2>", "<1>"}));
}

TEST(AddedTokens, ASingleWordStandsAlone) {
  const AddedTokens tokens({{"word", 1, false, true}}, "field");
  EXPECT_EQ(Cut(tokens, "word wordy éword word. (word) _word"),
            (Parts{"<1>", " wordy éword ", "<1>", ". (", "<1>", ") _word"}));
}

TEST(AddedTokens, LongOnesAreRefused) {
  EXPECT_NO_THROW(AddedTokens({{std::string(kMaxAddedTokenBytes, 'a'), 1}}, "field"));
  EXPECT_THROW(AddedTokens({{std::string(kMaxAddedTokenBytes + 1, 'a'), 1}}, "field"), LimitError);
}

}  // namespace
}  // namespace candor
