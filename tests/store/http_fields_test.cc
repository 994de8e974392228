#include "store/http_fields.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(HttpFieldsTest, ReadsContentRanges) {
  const auto part = ParseContentRange("bytes 42-1233/1234");  // RFC 9110, 14.4
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->begin, 42u);
  EXPECT_EQ(part->end, 1234u);
  EXPECT_EQ(part->total, 1234u);
  const auto unknown = ParseContentRange(" bytes 42-1233/* ");
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(unknown->begin, 42u);
  EXPECT_FALSE(unknown->total.has_value());
  const auto unsatisfied = ParseContentRange("bytes */1234");
  ASSERT_TRUE(unsatisfied.has_value());
  EXPECT_FALSE(unsatisfied->begin.has_value());
  EXPECT_FALSE(unsatisfied->end.has_value());
  EXPECT_EQ(unsatisfied->total, 1234u);
}

TEST(HttpFieldsTest, RefusesContentRangesThatContradictThemselves) {
  for (const char* value :
       {"", "bytes", "bytes ", "bytes 0-1", "bytes */*", "bytes 5-4/10", "bytes 0-10/10", "bytes -1-2/10",
        "items 0-1/2", "bytes 0-1/2/3", "bytes a-b/c", "bytes 0-99999999999999999999/1", "bytes +0-1/2",
        "bytes 0 - 1/2", "bytes 0-18446744073709551615/*", "bytes /2"}) {
    EXPECT_FALSE(ParseContentRange(value).has_value()) << value;
  }
}

TEST(HttpFieldsTest, ReadsDecimalNumbers) {
  EXPECT_EQ(ParseDecimal("0"), 0u);
  EXPECT_EQ(ParseDecimal("18446744073709551615"), ~uint64_t{0});
  for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1", "1e3"}) {
    EXPECT_FALSE(ParseDecimal(text).has_value()) << text;
  }
}

TEST(HttpFieldsTest, FindsDigestsInEntityTags) {
  const std::string digest(64, 'a');
  std::string quoted = "\"";
  quoted.append(digest).append("\"");
  EXPECT_EQ(Sha256FromEtag(quoted), digest);
  EXPECT_EQ(Sha256FromEtag(digest), digest);
  std::string weak = " W/";
  weak.append("\"").append(64, 'A').append("\" ");
  EXPECT_EQ(Sha256FromEtag(weak), digest);
  EXPECT_EQ(Sha256FromEtag(digest.substr(1)), "");
  EXPECT_EQ(Sha256FromEtag(quoted.substr(0, 65)), "");
  EXPECT_EQ(Sha256FromEtag(""), "");
  EXPECT_EQ(Sha256FromEtag("\""), "");
}

TEST(HttpFieldsTest, OnlyStrongEntityTagsMayBeSentBack) {
  EXPECT_TRUE(IsStrongEtag("\"abc\""));
  EXPECT_TRUE(IsStrongEtag("\"\""));
  for (const char* tag : {"", "\"", "abc", "W/\"abc\"", "\"a\"b\"", "\"a\r\nX: y\"", "\"a b\""}) {
    EXPECT_FALSE(IsStrongEtag(tag)) << tag;
  }
}

TEST(HttpFieldsTest, TakesHeaderLinesApart) {
  const auto field = ParseHeaderLine("X-Linked-ETag:  \"1\" \r\n");
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->name, "x-linked-etag");
  EXPECT_EQ(field->value, "\"1\"");
  EXPECT_FALSE(ParseHeaderLine("HTTP/1.1 200 OK\r\n").has_value());
  EXPECT_FALSE(ParseHeaderLine(": x").has_value());
  EXPECT_FALSE(ParseHeaderLine("\r\n").has_value());
}

}  // namespace
}  // namespace candor
