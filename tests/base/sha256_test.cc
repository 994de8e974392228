#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string_view>

namespace candor {
namespace {

std::string HashOf(std::string_view text) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return ToHex(hash.Finish());
}

// The example messages of FIPS 180-4.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(HashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PiecesHashLikeTheWhole) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(std::string_view("ab"))));
  hash.Update(std::as_bytes(std::span(std::string_view("c"))));
  EXPECT_EQ(ToHex(hash.Finish()), HashOf("abc"));
}

}  // namespace
}  // namespace candor
