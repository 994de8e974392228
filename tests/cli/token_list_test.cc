#include "cli/token_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Error(std::string_view text) {
  try {
    ParseTokenList(text, "t");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

TEST(ParseTokenList, ReadsEveryUsualSpelling) {
  EXPECT_THAT(ParseTokenList("1,2,3", "t"), ElementsAre(1, 2, 3));
  EXPECT_THAT(ParseTokenList(" 1 2\n3\r\n", "t"), ElementsAre(1, 2, 3));
  EXPECT_THAT(ParseTokenList("[1, 2147483647]\n", "t"), ElementsAre(1, 2147483647));
  EXPECT_THAT(ParseTokenList("", "t"), IsEmpty());
  EXPECT_THAT(ParseTokenList("[]", "t"), IsEmpty());
}

TEST(ParseTokenList, NamesWhereItStops) {
  EXPECT_EQ(Error("1,x"), "t: offset 2: expected a token id");
  EXPECT_EQ(Error("1,,2"), "t: offset 2: expected a token id");
  EXPECT_EQ(Error("1,"), "t: offset 2: expected a token id after the comma");
  EXPECT_EQ(Error("-1"), "t: offset 0: expected a token id");
  EXPECT_EQ(Error("2147483648"), "t: offset 0: expected a token id");
  EXPECT_EQ(Error("1.5"), "t: offset 1: expected a comma or a blank between token ids");
  EXPECT_EQ(Error("[1"), "t: offset 2: expected ']'");
  EXPECT_EQ(Error("1]"), "t: offset 1: expected a token id");
  EXPECT_EQ(Error("[1] 2"), "t: offset 4: expected nothing after ']'");
}

TEST(CheckTokens, NamesTheFirstThatIsUnknown) {
  CheckTokens({0, 9}, 10, "t");
  try {
    CheckTokens({0, 10}, 10, "t");
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_STREQ(error.what(), "t: token 1 is 10; the model knows 0 to 9");
  }
}

}  // namespace
}  // namespace candor
