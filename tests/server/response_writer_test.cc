#include "server/response_writer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/endpoints.h"
#include "server/response_head.h"

namespace candor {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kDate[] = "Sun, 06 Nov 1994 08:49:37 GMT";

RequestHead Request(const std::string& method, int minor_version, bool keep_alive) {
  RequestHead head;
  head.method = method;
  head.minor_version = minor_version;
  head.keep_alive = keep_alive;
  return head;
}

TEST(ResponseWriterTest, AWholeResponseHasItsLength) {
  ResponseWriter writer(Request("GET", 1, true), "req_1", {{"vary", "origin"}});
  std::string out;
  writer.Whole({.status = 404, .fields = {{"x-a", "b"}}, .body = "{}"}, kDate, out);
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-request-id: req_1\r\n"
            "x-content-type-options: nosniff\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
            "connection: keep-alive\r\nx-a: b\r\nvary: origin\r\n\r\n{}");
  EXPECT_TRUE(writer.done());
  EXPECT_TRUE(writer.keep_alive());
}

TEST(ResponseWriterTest, PiecesAreChunks) {
  ResponseWriter writer(Request("GET", 1, true), "", {});
  std::string out;
  writer.Begin({}, kDate, out);
  EXPECT_THAT(out, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("content-length")));
  out.clear();
  writer.Send("0123456789abcdef0", out);
  writer.Send("", out);
  EXPECT_FALSE(writer.done());
  writer.End(out);
  EXPECT_EQ(out, "11\r\n0123456789abcdef0\r\n0\r\n\r\n");
  EXPECT_TRUE(writer.done());
}

TEST(ResponseWriterTest, PiecesForHttp10EndWithTheConnection) {
  ResponseWriter writer(Request("GET", 0, true), "", {});
  std::string out;
  writer.Begin({}, kDate, out);
  EXPECT_THAT(out, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("transfer-encoding")));
  out.clear();
  writer.Send("abc", out);
  writer.End(out);
  EXPECT_EQ(out, "abc");
  EXPECT_FALSE(writer.keep_alive());
}

TEST(ResponseWriterTest, HeadHasTheLengthAndNoBody) {
  ResponseWriter writer(Request("HEAD", 1, true), "", {});
  std::string out;
  writer.Whole({.body = "12345"}, kDate, out);
  EXPECT_THAT(out, HasSubstr("content-length: 5\r\n"));
  EXPECT_THAT(out, EndsWith("\r\n\r\n"));
  ResponseWriter pieces(Request("HEAD", 1, true), "", {});
  out.clear();
  pieces.Begin({}, kDate, out);
  pieces.Send("12345", out);
  pieces.End(out);
  EXPECT_THAT(out, EndsWith("\r\n\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("12345")));
}

TEST(ResponseWriterTest, SomeStatusesHaveNoBody) {
  ResponseWriter writer(Request("GET", 1, true), "", {});
  std::string out;
  writer.Whole({.status = 204, .body = "x"}, kDate, out);
  EXPECT_THAT(out, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("content-length")));
  EXPECT_THAT(out, Not(HasSubstr("content-type:")));
  EXPECT_THAT(out, EndsWith("\r\n\r\n"));
}

TEST(ResponseWriterTest, NothingThatComesFromOutsideAddsAField) {
  ResponseWriter writer(Request("GET", 1, true), "", {});
  std::string out;
  writer.Whole({.fields = {{"x-model", "a\r\nset-cookie: b"}, {"bad name\n", "c"}}}, kDate, out);
  EXPECT_THAT(out, HasSubstr("\r\nx-model: a??set-cookie: b\r\nbad?name?: c\r\n"));
}

TEST(ResponseHeadTest, WritesDatesAsRfc9110Does) {
  EXPECT_EQ(HttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // its own example
  EXPECT_EQ(HttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(ResponseHeadTest, CodesOfRefusalsAreDocumented) {
  for (const int status : {400, 403, 408, 413, 414, 415, 417, 431, 500, 501, 503, 505}) {
    const boost::json::value body = boost::json::parse(RefusalResponse(status, "why").body);
    const std::string code(body.at("error").at("code").as_string());
    EXPECT_TRUE(std::ranges::any_of(
        ErrorCodes(), [&](const ErrorCode& known) { return known.code == code && known.status == status; }))
        << status << " " << code;
  }
}

TEST(ResponseHeadTest, ARefusalIsAnErrorThatClientsUnderstand) {
  const HttpResponse response = RefusalResponse(413, "the body is \"large\"");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body,
            "{\"error\":{\"message\":\"the body is \\\"large\\\"\",\"type\":\"invalid_request_error\",\"param\":null,"
            "\"code\":\"content_too_large\"}}\n");
}

}  // namespace
}  // namespace candor
