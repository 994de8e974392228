#include "cli/run_once.h"

#include <gtest/gtest.h>

namespace candor {
namespace {

TEST(PromptOf, JoinsTheWords) { EXPECT_EQ(PromptOf({"Name", "three rivers."}, false, ""), "Name three rivers."); }

TEST(PromptOf, PutsTheInputWhereItsSignStands) {
  EXPECT_EQ(PromptOf({}, false, "all\nof it\n"), "all\nof it");
  EXPECT_EQ(PromptOf({"-"}, false, "x\n\n"), "x\n");
  EXPECT_EQ(PromptOf({"Explain", "this:", "-"}, false, "int x;\n"), "Explain this:\nint x;");
  EXPECT_EQ(PromptOf({"-", "What", "is it?"}, false, "int x;\n"), "int x;\nWhat is it?");
}

TEST(PromptOf, KeepsTheInputsLastLineEndWhenRaw) { EXPECT_EQ(PromptOf({}, true, "x\n"), "x\n"); }

}  // namespace
}  // namespace candor
