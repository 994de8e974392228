#include "server/key_file.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "base/error.h"

namespace candor {
namespace {

using std::chrono::seconds;

class KeyFileTest : public testing::Test {
 protected:
  KeyFileTest() {
    std::string name = testing::TempDir() + "/candor_keys_XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ / "keys.json";
  }
  ~KeyFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Create(const std::string& name) {
    const MadeApiKey made = MakeApiKey(name, {}, "2026-11-22T06:15:00Z");
    ChangeKeyFile(path_, [&](std::vector<ApiKey>& keys) { keys.push_back(made.key); });
    return made.secret;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
  KeyRing::Clock::time_point now_ = KeyRing::Clock::now();
};

TEST_F(KeyFileTest, NoFileIsNoKeys) {
  EXPECT_TRUE(ReadKeyFile(path_).empty());
  KeyRing ring(path_);
  EXPECT_FALSE(ring.required(now_));
}

TEST_F(KeyFileTest, AChangeThatThrowsChangesNothing) {
  Create("a");
  EXPECT_THROW(ChangeKeyFile(path_,
                             [](std::vector<ApiKey>& keys) {
                               keys.clear();
                               throw UsageError("no");
                             }),
               UsageError);
  EXPECT_EQ(ReadKeyFile(path_).size(), 1u);
}

TEST_F(KeyFileTest, ARunningServerNoticesWithinASecond) {
  KeyRing ring(path_);
  const std::string secret = Create("a");
  EXPECT_EQ(ring.Find(secret, now_), nullptr) << "looked too often";
  now_ += seconds(2);
  const ApiKey* key = ring.Find(secret, now_);
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->name, "a");
  EXPECT_TRUE(ring.required(now_));
  ChangeKeyFile(path_, [](std::vector<ApiKey>& keys) { keys.clear(); });
  now_ += seconds(2);
  EXPECT_EQ(ring.Find(secret, now_), nullptr);
}

TEST_F(KeyFileTest, LosingTheKeysDoesNotOpenTheServer) {
  const std::string secret = Create("a");
  KeyRing ring(path_);
  std::filesystem::remove(path_);
  now_ += seconds(2);
  EXPECT_TRUE(ring.required(now_));
  EXPECT_EQ(ring.Find(secret, now_), nullptr);
}

TEST_F(KeyFileTest, AFileThatBreaksLeavesTheKeysAsTheyWere) {
  const std::string secret = Create("a");
  KeyRing ring(path_);
  std::ofstream(path_) << "{";
  now_ += seconds(2);
  EXPECT_NE(ring.Find(secret, now_), nullptr);
  EXPECT_THAT(ring.problem(), testing::HasSubstr("not JSON"));
  std::filesystem::remove(path_);
  const std::string second = Create("b");
  now_ += seconds(2);
  EXPECT_NE(ring.Find(second, now_), nullptr);
  EXPECT_EQ(ring.problem(), "");
}

TEST_F(KeyFileTest, OthersMayNotWriteIt) {
  Create("a");
  std::filesystem::permissions(path_, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  EXPECT_THROW(ReadKeyFile(path_), FormatError);
}

}  // namespace
}  // namespace candor
