#include "store/child_process.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <chrono>

namespace candor {
namespace {

const std::vector<std::string> kEnvironment = {"PATH=/usr/bin:/bin", "GREETING=hello"};
bool Always() { return true; }

TEST(ChildProcessTest, TellsOutputAndExitCode) {
  const ChildResult result = RunChild({"sh", "-c", "echo $GREETING; echo problem >&2; exit 7"}, kEnvironment, Always);
  EXPECT_TRUE(result.started);
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.last_words, "hello\nproblem\n");
}

TEST(ChildProcessTest, KeepsOnlyTheLastWords) {
  const ChildResult result = RunChild({"sh", "-c", "yes | head -c 1000000; echo end"}, kEnvironment, Always);
  EXPECT_EQ(result.last_words.size(), 4096u);
  EXPECT_TRUE(result.last_words.ends_with("y\nend\n"));
}

TEST(ChildProcessTest, SaysThatThereIsNoSuchProgram) {
  const ChildResult result = RunChild({"candor-has-no-such-program"}, kEnvironment, Always);
  EXPECT_FALSE(result.started);
  EXPECT_EQ(result.start_error, ENOENT);
}

TEST(ChildProcessTest, HasAnEmptyStdin) {
  EXPECT_EQ(RunChild({"sh", "-c", "cat; echo done"}, kEnvironment, Always).last_words, "done\n");
}

TEST(ChildProcessTest, NamesTheSignalThatEndedIt) {
  EXPECT_EQ(RunChild({"sh", "-c", "kill -KILL $$"}, kEnvironment, Always).exit_code, 128 + 9);
}

TEST(ChildProcessTest, IsEndedWithAllThatItStarted) {
  const auto begin = std::chrono::steady_clock::now();
  // The shell ignores the request to end; the sleeper in the background holds its output open.
  const ChildResult result =
      RunChild({"sh", "-c", "trap '' TERM; sleep 60 & sleep 60; sleep 60"}, kEnvironment, [] { return false; });
  EXPECT_TRUE(result.stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(ChildProcessTest, DoesNotWaitForWhatItLeavesBehind) {
  const auto begin = std::chrono::steady_clock::now();
  const ChildResult result = RunChild({"sh", "-c", "sleep 20 & echo done"}, kEnvironment, Always);
  EXPECT_EQ(result.last_words, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace candor
