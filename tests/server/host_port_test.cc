#include "server/host_port.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

using Kind = HostPort::Kind;

TEST(HostPortTest, ReadsNamesAndAddresses) {
  EXPECT_EQ(ParseHostPort("Chat.Example:8080"), (HostPort{Kind::kName, "chat.example", 8080}));
  EXPECT_EQ(ParseHostPort("a_b-c"), (HostPort{Kind::kName, "a_b-c", std::nullopt}));
  EXPECT_EQ(ParseHostPort("127.0.0.1:1"), (HostPort{Kind::kIpv4, "127.0.0.1", 1}));
  EXPECT_EQ(ParseHostPort("[0:0:0:0:0:0:0:1]:65535"), (HostPort{Kind::kIpv6, "::1", 65535}));
  EXPECT_EQ(ParseHostPort("a:"), (HostPort{Kind::kName, "a", std::nullopt}));
}

TEST(HostPortTest, RefusesEverythingElse) {
  for (const char* text : {"", ":80", "a b", "a/b", "a@b", "a:b", "a:65536", "a:-1", "a:1:2", "[::1", "::1", "[::1]x",
                           "[127.0.0.1]", "[fe80::1%25eth0]", "\xc3\xa9", "a,b", "a:123456"}) {
    EXPECT_EQ(ParseHostPort(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseHostPort(std::string(256, 'a')), std::nullopt);
}

TEST(HostPortTest, AHostAloneMayBeABareAddress) {
  EXPECT_EQ(ParseHost("::1"), (HostPort{Kind::kIpv6, "::1", std::nullopt}));
  EXPECT_EQ(ParseHost("[::1]"), (HostPort{Kind::kIpv6, "::1", std::nullopt}));
  EXPECT_EQ(ParseHost("a:80"), std::nullopt);
}

TEST(HostPortTest, KnowsLoopback) {
  for (const char* text : {"localhost", "LOCALHOST:80", "a.localhost", "127.0.0.1", "127.255.0.1", "[::1]"}) {
    EXPECT_TRUE(IsLoopback(*ParseHostPort(text))) << text;
  }
  for (const char* text :
       {"localhost.example", "notlocalhost", "128.0.0.1", "127.example", "0.0.0.0", "[::]", "[::2]"}) {
    EXPECT_FALSE(IsLoopback(*ParseHostPort(text))) << text;
  }
}

TEST(HostPortTest, IsWrittenAsItIsRead) {
  for (const char* text : {"a.example:80", "127.0.0.1", "[::1]:8080", "[2001:db8::1]"}) {
    EXPECT_EQ(ToString(*ParseHostPort(text)), text);
  }
}

}  // namespace
}  // namespace candor
