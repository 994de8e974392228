#include "server/host_policy.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "server/http_characters.h"
#include "server/http_refusal.h"
#include "server/http_tables.h"

namespace candor {
namespace {

using testing::HasSubstr;

HostPort At(const std::string& text) { return *ParseHostPort(text); }

HostPolicyOptions LoopbackOptions() {
  return {.bound = {At("127.0.0.1:8080")},
          .allowed_hosts = {"chat.example"},
          .allowed_origins = {"https://app.example:8443"}};
}

RequestHead Head(const std::string& method, const HttpFields& fields) {
  std::string block = method + " /v1/x HTTP/1.1\r\n";
  for (const auto& [name, value] : fields) block += name + ": " + value + "\r\n";
  return CheckRequestHead(block + "\r\n", HttpLimits{});
}

struct Outcome {
  int status = 0;
  HttpFields fields;
};

Outcome Judge(const HostPolicy& policy, const std::string& method, const HttpFields& fields) {
  try {
    const HostPolicy::Verdict verdict = policy.Check(Head(method, fields));
    return {verdict.preflight ? 204 : 0, verdict.fields};
  } catch (const HttpRefusal& refusal) {
    return {refusal.status(), {}};
  }
}

int StatusOf(const HostPolicyOptions& options, const HttpFields& fields) {
  return Judge(HostPolicy(options), "GET", fields).status;
}

TEST(HostPolicyTest, AnswersEachRequestOfTheTable) {
  const auto table = HttpTable("host_policy");
  EXPECT_GE(table.size(), 12u);
  const HostPolicy policy(LoopbackOptions());
  for (const auto& row : table) {
    SCOPED_TRACE(NameOf(row));
    HttpFields fields;
    for (const auto& [name, value] : row.at("fields").as_object()) fields.emplace_back(name, value.as_string());
    const Outcome outcome = Judge(policy, std::string(row.at("method").as_string()), fields);
    EXPECT_EQ(outcome.status, row.at("status").as_int64());
    if (const auto* response = row.as_object().if_contains("response")) {
      for (const auto& [name, value] : response->as_object()) {
        const std::string* found = FindField(outcome.fields, name);
        ASSERT_NE(found, nullptr) << name;
        EXPECT_EQ(*found, value.as_string());
      }
    }
  }
}

TEST(HostPolicyTest, NeverAllowsCredentials) {
  for (const std::string origin : {"https://app.example:8443", "*"}) {
    const HostPolicy policy({.bound = {At("127.0.0.1:8080")}, .allowed_origins = {origin}});
    const Outcome outcome = Judge(policy, "OPTIONS",
                                  {{"Host", "localhost:8080"},
                                   {"Origin", "https://app.example:8443"},
                                   {"Access-Control-Request-Method", "POST"}});
    EXPECT_EQ(outcome.status, 204);
    EXPECT_EQ(FindField(outcome.fields, "access-control-allow-credentials"), nullptr);
    EXPECT_EQ(*FindField(outcome.fields, "access-control-allow-origin"), origin);
  }
}

TEST(HostPolicyTest, TheOriginNullIsRefusedEvenWhereAllAreAllowed) {
  const HostPolicyOptions options{.bound = {At("127.0.0.1:8080")}, .allowed_origins = {"*"}};
  EXPECT_EQ(StatusOf(options, {{"Host", "localhost:8080"}, {"Origin", "null"}}), 403);
  EXPECT_EQ(StatusOf(options, {{"Host", "localhost:8080"}, {"Origin", "https://any.example"}}), 0);
}

TEST(HostPolicyTest, AServerOnAllAddressesAnswersToAddressesAndNotToNames) {
  const HostPolicyOptions options{.bound = {At("0.0.0.0:8080")}};
  EXPECT_EQ(StatusOf(options, {{"Host", "192.168.1.20:8080"}}), 0);
  EXPECT_EQ(StatusOf(options, {{"Host", "[2001:db8::1]:8080"}}), 0);
  EXPECT_EQ(StatusOf(options, {{"Host", "192.168.1.20"}}), 403);
  EXPECT_EQ(StatusOf(options, {{"Host", "rebound.example:8080"}}), 403);
}

TEST(HostPolicyTest, AServerOnOneAddressAnswersToNoOther) {
  const HostPolicyOptions options{.bound = {At("192.168.1.20:8080")}};
  EXPECT_EQ(StatusOf(options, {{"Host", "192.168.1.20:8080"}}), 0);
  EXPECT_EQ(StatusOf(options, {{"Host", "192.168.1.21:8080"}}), 403);
}

TEST(HostPolicyTest, NoPortIsTheSchemesOwn) {
  EXPECT_EQ(StatusOf({.bound = {At("127.0.0.1:80")}}, {{"Host", "localhost"}}), 0);
  EXPECT_EQ(StatusOf({.bound = {At("127.0.0.1:443")}}, {{"Host", "localhost"}}), 403);
  EXPECT_EQ(StatusOf({.bound = {At("127.0.0.1:443")}, .tls = true}, {{"Host", "localhost"}}), 0);
  // A proxy in front speaks TLS on port 443.
  const HostPolicyOptions proxied{.bound = {At("127.0.0.1:8080")}, .allowed_hosts = {"chat.example"}};
  EXPECT_EQ(StatusOf(proxied, {{"Host", "chat.example"}, {"Origin", "https://chat.example"}}), 0);
  EXPECT_EQ(StatusOf(proxied, {{"Host", "chat.example:443"}, {"Origin", "https://chat.example"}}), 0);
  EXPECT_EQ(StatusOf(proxied, {{"Host", "chat.example"}, {"Origin", "https://chat.example:444"}}), 403);
}

TEST(HostPolicyTest, AnAllowedHostWithAPortIsAllowedThere) {
  const HostPolicyOptions options{.bound = {At("127.0.0.1:8080")}, .allowed_hosts = {"localhost:9000", "::1"}};
  EXPECT_EQ(StatusOf(options, {{"Host", "localhost:9000"}}), 0);
  EXPECT_EQ(StatusOf(options, {{"Host", "localhost:9001"}}), 403);
  EXPECT_EQ(StatusOf(options, {{"Host", "[::1]:9001"}}), 0);
}

TEST(HostPolicyTest, CallsThatChangeSomethingAreJson) {
  const HostPolicy policy(LoopbackOptions());
  const auto status = [&](const std::string& method, const HttpFields& more) {
    HttpFields fields = {{"Host", "localhost:8080"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Judge(policy, method, fields).status;
  };
  EXPECT_EQ(status("POST", {}), 415);
  EXPECT_EQ(status("POST", {{"Content-Type", "application/json; charset=utf-8"}}), 0);
  EXPECT_EQ(status("POST", {{"Content-Type", "application/jsonp"}}), 415);
  EXPECT_EQ(status("POST", {{"Content-Type", "text/plain; application/json"}}), 415);
  EXPECT_EQ(status("BREW", {}), 415);
  EXPECT_EQ(status("DELETE", {}), 0);
  EXPECT_EQ(status("DELETE", {{"Content-Length", "2"}}), 415);
  EXPECT_EQ(status("GET", {}), 0);
}

TEST(HostPolicyTest, RefusesOptionsThatCannotBeMeant) {
  const auto fails = [](const HostPolicyOptions& options) {
    try {
      HostPolicy policy(options);
      return std::string("taken");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(fails({.allowed_hosts = {"http://a"}}), HasSubstr("--allowed-host"));
  EXPECT_THAT(fails({.allowed_origins = {"app.example"}}), HasSubstr("--allowed-origin"));
  EXPECT_THAT(fails({.allowed_origins = {"https://app.example/"}}), HasSubstr("--allowed-origin"));
  EXPECT_EQ(fails({.allowed_origins = {"chrome-extension://abcdef"}}), "taken");
}

}  // namespace
}  // namespace candor
