#include "store/http_url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

TEST(HttpUrlTest, TakesAnAddressApart) {
  const HttpUrl url = ParseHttpUrl("https://me:secret@Example.ORG/a%20b/m.gguf?token=1#x", false);
  EXPECT_EQ(url.origin, "https://example.org:443");
  EXPECT_EQ(url.file, "m.gguf");
  EXPECT_TRUE(url.secure);
  EXPECT_FALSE(url.loopback);
  EXPECT_EQ(url.shown.find("secret"), std::string::npos) << url.shown;
  EXPECT_EQ(url.shown.find("token"), std::string::npos) << url.shown;
  EXPECT_NE(url.shown.find("/a%20b/m.gguf"), std::string::npos) << url.shown;
}

TEST(HttpUrlTest, OriginsDifferByHostPortAndScheme) {
  const std::string origin = ParseHttpUrl("https://a.example/x", false).origin;
  EXPECT_EQ(ParseHttpUrl("https://A.example:443/y", false).origin, origin);
  EXPECT_NE(ParseHttpUrl("https://a.example:8443/x", false).origin, origin);
  EXPECT_NE(ParseHttpUrl("https://b.example/x", false).origin, origin);
  EXPECT_NE(ParseHttpUrl("http://a.example:443/x", true).origin, origin);
}

TEST(HttpUrlTest, KnowsThisMachineInEverySpelling) {
  for (const char* url : {"http://localhost/m", "http://LOCALHOST:8080/m", "http://127.0.0.1/m", "http://127.255.0.1/m",
                          "http://[::1]/m", "http://0x7f000001/m", "http://2130706433/m", "http://127.1/m"}) {
    EXPECT_TRUE(ParseHttpUrl(url, false).loopback) << url;
  }
}

TEST(HttpUrlTest, RefusesPlainHttpElsewhere) {
  for (const char* url : {"http://example.org/m", "http://localhost.example.org/m", "http://127.0.0.1.example.org/m",
                          "http://127.0.0.1@example.org/m", "http://localhost@example.org:80/m", "http://[::2]/m",
                          "http://128.0.0.1/m", "http://10.0.0.1/m", "http://0.0.0.0/m"}) {
    EXPECT_THROW(ParseHttpUrl(url, false), UsageError) << url;
    EXPECT_FALSE(ParseHttpUrl(url, true).loopback) << url;
  }
}

TEST(HttpUrlTest, RefusesWhatIsNoAddress) {
  for (const std::string& url : {std::string(), std::string("m.gguf"), std::string("ftp://a/m"),
                                 std::string("file:///m"), std::string("https://"), std::string("https://a b/"),
                                 std::string("https://a/\n"), std::string("https://a/\x1b[2J"),
                                 std::string("https://a:99999/"), "https://a/" + std::string(kMaxUrlBytes, 'x')}) {
    EXPECT_THROW(ParseHttpUrl(url, true), UsageError) << url;
  }
}

TEST(HttpUrlTest, MessagesHideThePasswordAndControlCharacters) {
  try {
    ParseHttpUrl("ftp://me:secret@host/\x1b[2J", false);
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos) << error.what();
  }
}

TEST(HttpUrlTest, ARedirectNeverLeadsFromHttpsToHttp) {
  const HttpUrl secure = ParseHttpUrl("https://a/m.gguf", false);
  const HttpUrl plain = ParseHttpUrl("http://localhost/m.gguf", false);
  EXPECT_EQ(RedirectTarget(secure, "https://b/x", false).text, "https://b/x");
  EXPECT_EQ(RedirectTarget(plain, "https://b/x", false).text, "https://b/x");
  EXPECT_EQ(RedirectTarget(plain, "http://127.0.0.1/x", false).text, "http://127.0.0.1/x");
  EXPECT_EQ(RedirectTarget(plain, "http://b/x", true).text, "http://b/x");
  for (const char* location : {"http://b/x", "http://localhost/x", "HTTP://127.0.0.1/x"}) {
    EXPECT_THROW(RedirectTarget(secure, location, false), IoError) << location;
    EXPECT_THROW(RedirectTarget(secure, location, true), IoError) << location;
  }
  for (const char* location : {"", "ftp://b/x", "file:///x", "x", "https://a b/"}) {
    EXPECT_THROW(RedirectTarget(secure, location, true), IoError) << location;
  }
  EXPECT_THROW(RedirectTarget(plain, "http://b/x", false), IoError);
}

TEST(HttpUrlTest, EncodesPaths) {
  EXPECT_EQ(EncodePath("a/B-9._~"), "a/B-9._~");
  EXPECT_EQ(EncodePath("a b#?%\xc3\xa9"), "a%20b%23%3F%25%C3%A9");
}

}  // namespace
}  // namespace candor
