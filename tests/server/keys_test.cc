#include "server/keys.h"

#include <gmock/gmock.h>

#include <set>

#include "base/error.h"

namespace candor {
namespace {

using testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(KeysTest, ASecretIs256BitsInBase64Url) {
  std::set<std::string> secrets;
  std::set<char> characters;
  for (int i = 0; i < 200; ++i) {
    const MadeApiKey made = MakeApiKey("name", {}, "2026-11-22T06:15:00Z");
    ASSERT_EQ(made.secret.size(), 4u + 43u);
    ASSERT_TRUE(made.secret.starts_with("cnd_"));
    characters.insert(made.secret.begin() + 4, made.secret.end());
    secrets.insert(made.secret);
    Sha256 sha;
    sha.Update(Bytes(made.secret));
    EXPECT_EQ(made.key.digest, sha.Finish());
  }
  EXPECT_EQ(secrets.size(), 200u);
  EXPECT_EQ(characters.size(), 64u);  // 8,600 draws leave none out
}

TEST(KeysTest, FindsTheKeyThatIsPresented) {
  std::vector<MadeApiKey> made;
  std::vector<ApiKey> keys;
  for (int i = 0; i < 20; ++i) {
    made.push_back(MakeApiKey("key " + std::to_string(i), {}, "now"));
    keys.push_back(made.back().key);
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(FindApiKey(keys, made[static_cast<size_t>(i)].secret), &keys[static_cast<size_t>(i)]);
  std::string wrong = made[0].secret;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(FindApiKey(keys, wrong), nullptr);
  EXPECT_EQ(FindApiKey(keys, ""), nullptr);
  EXPECT_EQ(FindApiKey(keys, ToHex(keys[0].digest)), nullptr);
  EXPECT_EQ(FindApiKey(keys, std::string(1 << 20, 'x')), nullptr);
  EXPECT_EQ(FindApiKey({}, made[0].secret), nullptr);
  // All of a digest counts.
  for (const size_t byte : {size_t{0}, size_t{5}, size_t{31}}) {
    std::vector<ApiKey> similar = {keys[0]};
    similar[0].digest[byte] ^= std::byte{1};
    EXPECT_EQ(FindApiKey(similar, made[0].secret), nullptr) << byte;
  }
}

TEST(KeysTest, AKeyIsPresentedInEitherField) {
  const auto presented = [](const HttpFields& fields) {
    HttpRequest request;
    request.fields = fields;
    const auto key = PresentedKey(request);
    return key ? std::string(*key) : "none";
  };
  EXPECT_EQ(presented({{"Authorization", "Bearer abc"}}), "abc");
  EXPECT_EQ(presented({{"authorization", "bEARER   abc"}}), "abc");
  EXPECT_EQ(presented({{"X-Api-Key", "abc"}}), "abc");
  EXPECT_EQ(presented({{"x-api-key", "b"}, {"Authorization", "Bearer a"}}), "a");
  EXPECT_EQ(presented({{"Authorization", "Basic YTpi"}}), "none");
  EXPECT_EQ(presented({{"Authorization", "Bearer"}}), "none");
  EXPECT_EQ(presented({}), "none");
}

TEST(KeysTest, AStarStandsForAnyText) {
  EXPECT_TRUE(ModelsInclude({}, "anything"));
  EXPECT_TRUE(ModelsInclude({"a", "b"}, "b"));
  EXPECT_FALSE(ModelsInclude({"a", "b"}, "c"));
  EXPECT_FALSE(ModelsInclude({"a"}, "A"));
  EXPECT_TRUE(ModelsInclude({"qwen*"}, "qwen2.5-coder"));
  EXPECT_FALSE(ModelsInclude({"qwen*"}, "my-qwen"));
  EXPECT_TRUE(ModelsInclude({"*-instruct"}, "a-instruct"));
  EXPECT_TRUE(ModelsInclude({"a*b*c"}, "a__b__b__c"));
  EXPECT_FALSE(ModelsInclude({"a*b*c"}, "a__c__b"));
  EXPECT_TRUE(ModelsInclude({"**"}, ""));
  // What backtracking without a limit would never end.
  EXPECT_FALSE(ModelsInclude({std::string(60, '*') + "a*a*a*a*a*a*a*a*b"}, std::string(128, 'a')));
}

TEST(KeysTest, IsReadAsItWasWritten) {
  std::vector<ApiKey> keys;
  EXPECT_TRUE(ParseApiKeys(WriteApiKeys(keys), "f").empty());
  keys.push_back(MakeApiKey("\"quoted\" \\ \xc3\xa9", {"a", "b*"}, "2026-11-22T06:15:00Z").key);
  keys.push_back(MakeApiKey("second", {}, "2026-11-22T06:15:01Z").key);
  const std::vector<ApiKey> read = ParseApiKeys(WriteApiKeys(keys), "f");
  ASSERT_EQ(read.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].id, keys[i].id);
    EXPECT_EQ(read[i].name, keys[i].name);
    EXPECT_EQ(read[i].created, keys[i].created);
    EXPECT_EQ(read[i].digest, keys[i].digest);
    EXPECT_EQ(read[i].models, keys[i].models);
  }
}

TEST(KeysTest, AFileThatIsNoneIsNamed) {
  const auto fails = [](const std::string& text) {
    try {
      ParseApiKeys(text, "keys.json");
      return std::string("read");
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(fails(""), HasSubstr("keys.json: not JSON"));
  EXPECT_THAT(fails("[]"), HasSubstr("\"keys\""));
  EXPECT_THAT(fails(R"({"keys": {}})"), HasSubstr("\"keys\""));
  EXPECT_THAT(fails(R"({"keys": [1]})"), HasSubstr("\"keys\""));
  EXPECT_THAT(fails(R"({"keys": [{"id": "k", "name": "n", "created": "c", "sha256": "00", "models": []}]})"),
              HasSubstr("\"sha256\""));
  const std::string digest(64, '0');
  EXPECT_THAT(fails(R"({"keys": [{"id": "k", "name": "n", "created": "c", "sha256": ")" + digest + R"("}]})"),
              HasSubstr("\"models\""));
  EXPECT_THAT(fails(R"({"keys": [{"id": "k\u001b", "name": "n", "created": "c", "models": []}]})"),
              HasSubstr("\"id\""));
}

}  // namespace
}  // namespace candor
