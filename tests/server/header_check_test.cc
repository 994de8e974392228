#include "server/header_check.h"

#include <gmock/gmock.h>

#include "server/http_refusal.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

RequestHead Check(const std::string& block) { return CheckRequestHead(block, HttpLimits{}); }

// The status and the reason.
std::string Refused(const std::string& block) {
  try {
    Check(block);
    return "taken";
  } catch (const HttpRefusal& refusal) {
    return std::to_string(refusal.status()) + " " + refusal.what();
  }
}

TEST(HeaderCheckTest, ReadsWhatABlockSays) {
  const RequestHead head = Check(
      "POST /v1/x?y=1 HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 12\r\nX-Empty:\r\nAccept: \t a, b \r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/v1/x");
  EXPECT_EQ(head.query, "y=1");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.host->host, "::1");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_FALSE(head.chunked);
  EXPECT_THAT(head.fields, ElementsAre(Pair("Host", "[::1]:8080"), Pair("Content-Length", "12"), Pair("X-Empty", ""),
                                       Pair("Accept", "a, b")));
}

TEST(HeaderCheckTest, IsATotalFunctionOfAnyBytes) {
  EXPECT_THAT(Refused(""), HasSubstr("400"));
  EXPECT_THAT(Refused("\r\n"), HasSubstr("400"));
  EXPECT_THAT(Refused("GET / HTTP/1.1\r\nHost: a\r\n"), HasSubstr("has no end"));
  EXPECT_THAT(Refused("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore"), HasSubstr("behind the header block"));
  EXPECT_THAT(Refused("GET / HTTP/1.1\nHost: a\r\n\r\n"), HasSubstr("400"));
  EXPECT_THAT(Refused(std::string("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", 27)), HasSubstr("control character"));
}

TEST(HeaderCheckTest, SaysWhy) {
  EXPECT_EQ(Refused("GET / HTTP/1.1\r\n\r\n"), "400 the field Host is missing");
  EXPECT_EQ(Refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), "400 the field host comes twice");
  EXPECT_EQ(Refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "400 the request has both a content length and a transfer coding");
}

TEST(HeaderCheckTest, ConnectionOptionsAreAListOfAllItsFields) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return Check("GET / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n").keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close, keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: CLOSE\r\n"));
  EXPECT_TRUE(keeps("1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: , keep-alive\r\n"));
}

TEST(HeaderScannerTest, StopsBehindTheEmptyLine) {
  const HttpLimits limits;
  HeadScanner scanner(limits);
  EXPECT_EQ(scanner.Scan("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  EXPECT_TRUE(scanner.done());
}

TEST(HeaderScannerTest, RefusesAtTheFirstImpossibleByte) {
  const HttpLimits limits;
  for (const std::string_view bytes : {"\n", "\r\r", "\r\n\r\n", "\x16", "G\x01", "GET / HTTP/1.1\r\nHost: a\n"}) {
    HeadScanner scanner(limits);
    EXPECT_EQ(scanner.Scan(bytes.substr(0, bytes.size() - 1)), bytes.size() - 1);
    EXPECT_THROW(scanner.Scan(bytes.substr(bytes.size() - 1)), HttpRefusal);
  }
}

}  // namespace
}  // namespace candor
