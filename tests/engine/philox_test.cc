#include "engine/philox.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

using Words = std::array<uint32_t, 4>;

// The rows "philox4x32 10" of the known answers that the authors publish with Random123 1.14 (tests/kat_vectors).
TEST(PhiloxTest, GivesThePublishedAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Seed 0, choice 0, token 0 is the first published row: the top 53 bits of 0xe169c58d6627e8d5.
TEST(PhiloxTest, TheNumberOfATokenIsMadeOfTheFirstTwoWords) {
  EXPECT_EQ(UniformForToken(0, 0, 0), static_cast<double>(0xe169c58d6627e8d5 >> 11) * 0x1p-53);
}

TEST(PhiloxTest, SeedChoiceAndIndexEachChangeTheNumber) {
  const double number = UniformForToken(7, 1, 5);
  EXPECT_NE(number, UniformForToken(8, 1, 5));
  EXPECT_NE(number, UniformForToken(7 + (uint64_t{1} << 32), 1, 5));
  EXPECT_NE(number, UniformForToken(7, 2, 5));
  EXPECT_NE(number, UniformForToken(7, 1, 6));
  EXPECT_NE(number, UniformForToken(7, 1, 5 + (uint64_t{1} << 32)));
}

TEST(PhiloxTest, NumbersAreUniformInTheUnitInterval) {
  constexpr int kNumbers = 100000;
  std::array<int, 10> bins{};
  for (int i = 0; i < kNumbers; ++i) {
    const double number = UniformForToken(42, 0, static_cast<uint64_t>(i));
    ASSERT_GE(number, 0.0);
    ASSERT_LT(number, 1.0);
    ++bins[static_cast<size_t>(number * 10)];
  }
  // Five standard deviations of a binomial count (95 each) around 10,000.
  for (const int count : bins) EXPECT_NEAR(count, kNumbers / 10, 475);
}

}  // namespace
}  // namespace candor
