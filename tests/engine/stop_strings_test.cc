#include "engine/stop_strings.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace candor {
namespace {

struct Result {
  std::string text;
  bool stopped;
  bool operator==(const Result&) const = default;
};

// `text` in pieces of whole characters, each of at least `piece` bytes.
Result Divide(const std::vector<std::string>& stops, const std::string& text, size_t piece) {
  StopStrings matcher(stops);
  std::string shown;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.size(), begin + piece);
    while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
    shown += matcher.Add(std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  shown += matcher.Finish();
  return {shown, matcher.stopped()};
}

// The definition: at every place where a string could be complete, look for one.
Result Define(const std::vector<std::string>& stops, const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string& stop : stops) {
      if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0) {
        longest = std::max(longest, stop.size());
      }
    }
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

TEST(StopStringsTest, TextEndsBeforeTheStopStringHoweverItIsDivided) {
  const std::vector<std::string> stops = {"\nUser:", "###"};
  for (size_t piece = 1; piece < 12; ++piece) {
    EXPECT_EQ(Divide(stops, "Hello.\nUser: more", piece), (Result{"Hello.", true})) << piece;
    EXPECT_EQ(Divide(stops, "a # b ## c ### d", piece), (Result{"a # b ## c ", true})) << piece;
    EXPECT_EQ(Divide(stops, "nothing\nUse", piece), (Result{"nothing\nUse", false})) << piece;
  }
}

TEST(StopStringsTest, KeepsBackOnlyWhatCouldBecomeAStopString) {
  StopStrings matcher({"END"});
  EXPECT_EQ(matcher.Add("abc"), "abc");
  EXPECT_EQ(matcher.Add("dE"), "d");
  EXPECT_EQ(matcher.Add("N"), "");
  EXPECT_EQ(matcher.Add("E"), "EN");
  EXPECT_EQ(matcher.Add("x"), "Ex");
  EXPECT_EQ(matcher.Finish(), "");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopStringsTest, NothingComesAfterTheStop) {
  StopStrings matcher({"END"});
  EXPECT_EQ(matcher.Add("abENDcd"), "ab");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.Add("ef"), "");
  EXPECT_EQ(matcher.Finish(), "");
}

TEST(StopStringsTest, OfSeveralCompleteAtOnePlaceTheLongestCounts) {
  EXPECT_EQ(Divide({"c", "abc"}, "xabcd", 3), (Result{"x", true}));
  EXPECT_EQ(Divide({"abcd", "bc"}, "xabcd", 5), (Result{"xa", true}));  // "bc" is complete before "abcd"
}

TEST(StopStringsTest, WithoutStopStringsEverythingPasses) {
  StopStrings matcher({});
  EXPECT_EQ(matcher.Add("abc"), "abc");
}

TEST(StopStringsTest, CharactersStayWhole) {
  // Two characters that begin with the same bytes: E2 82 AC and E2 82 AB.
  StopStrings matcher({"\u20AB"});
  EXPECT_EQ(matcher.Add("5\u20AC"), "5\u20AC");
  EXPECT_EQ(matcher.Add("\u20AB"), "");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopStringsTest, AgreesWithTheDefinitionOnRepetitiveText) {
  std::mt19937 random(3);
  const auto word = [&](size_t most) {
    std::string text;
    for (size_t length = 1 + random() % most; length > 0; --length) text += "ab"[random() % 2];
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> stops;
    for (size_t n = 1 + random() % 3; n > 0; --n) stops.push_back(word(7));
    const std::string text = word(30);
    const Result expected = Define(stops, text);
    for (const size_t piece : {1, 2, 5, 100}) {
      ASSERT_EQ(Divide(stops, text, piece).text, expected.text) << text << " " << stops[0];
      ASSERT_EQ(Divide(stops, text, piece).stopped, expected.stopped) << text << " " << stops[0];
    }
  }
}

TEST(StopStringsTest, RefusesStringsThatMakeNoSense) {
  EXPECT_THROW(StopStrings({""}), UsageError);
  EXPECT_THROW(StopStrings({"\xE2\x82"}), UsageError);
  EXPECT_THROW(StopStrings({std::string(1025, 'a')}), UsageError);
  EXPECT_THROW(StopStrings(std::vector<std::string>(65, "a")), UsageError);
  EXPECT_NO_THROW(StopStrings(std::vector<std::string>(64, std::string(1024, 'a'))));
}

}  // namespace
}  // namespace candor
