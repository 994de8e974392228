#include "engine/language_model.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace candor {
namespace {

class ChooseKernelsTest : public ::testing::Test {
 protected:
  ChooseKernelsTest() {
    best_.name = "best";
    middle_.name = "middle";
    last_.name = "last";
  }
  // The name of the table that is chosen when only `good` give the known answers.
  std::string Chosen(const std::string& name, const std::set<std::string>& good) const {
    return ChooseKernels(tables_, name, [&](const KernelTable& table) { return good.contains(table.name); }).name;
  }

  KernelTable best_ = *FindKernels("scalar");
  KernelTable middle_ = best_;
  KernelTable last_ = best_;
  const KernelTable* const tables_[4] = {&best_, &middle_, &last_, nullptr};
};

TEST_F(ChooseKernelsTest, TheBestThatGivesTheKnownAnswersIsTaken) {
  EXPECT_EQ(Chosen("", {"best", "middle", "last"}), "best");
  EXPECT_EQ(Chosen("", {"middle", "last"}), "middle");
  EXPECT_EQ(Chosen("", {"last"}), "last");
  EXPECT_THROW(Chosen("", {}), UnsupportedError);
}

TEST_F(ChooseKernelsTest, ANamedOneMustGiveThemToo) {
  EXPECT_EQ(Chosen("middle", {"best", "middle", "last"}), "middle");
  EXPECT_EQ(Chosen("last", {"last"}), "last");
  EXPECT_THROW(Chosen("middle", {"best", "last"}), UnsupportedError);
}

TEST_F(ChooseKernelsTest, AnUnknownNameComesWithThoseThatThereAre) {
  for (const std::set<std::string>& good : {std::set<std::string>{"best"}, std::set<std::string>{}}) {
    try {
      Chosen("other", good);
      ADD_FAILURE();
    } catch (const UsageError& error) {
      EXPECT_STREQ(error.what(), "isa: \"other\" is none that this machine can run: best, middle, last");
    }
  }
}

}  // namespace
}  // namespace candor
