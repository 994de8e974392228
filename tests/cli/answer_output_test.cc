#include "cli/answer_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace candor {
namespace {

// What `write` writes to standard output and standard error where neither is a terminal.
std::pair<std::string, std::string> Piped(const OutputStyle& style, const std::function<void(AnswerOutput&)>& write) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  write(*MakeAnswerOutput(style));
  const std::string out = ::testing::internal::GetCapturedStdout();
  return {out, ::testing::internal::GetCapturedStderr()};
}

// What it writes to a terminal.
std::string Shown(const OutputStyle& style, const char* no_color, const std::function<void(AnswerOutput&)>& write) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  EXPECT_GE(terminal, 0);
  EXPECT_EQ(::grantpt(terminal), 0);
  EXPECT_EQ(::unlockpt(terminal), 0);
  const int ours = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  termios settings = {};
  ::tcgetattr(ours, &settings);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  ::tcsetattr(ours, TCSANOW, &settings);
  ::setenv("TERM", "xterm", 1);
  ::setenv("NO_COLOR", no_color, 1);
  const int standard_output = ::dup(STDOUT_FILENO);
  ::dup2(ours, STDOUT_FILENO);
  write(*MakeAnswerOutput(style));
  ::dup2(standard_output, STDOUT_FILENO);
  ::close(standard_output);
  std::string shown;
  char buffer[4096];
  pollfd ready{terminal, POLLIN, 0};
  while (::poll(&ready, 1, 0) == 1) {
    const ssize_t got = ::read(terminal, buffer, sizeof buffer);
    if (got <= 0) break;
    shown.append(buffer, static_cast<size_t>(got));
  }
  ::close(ours);
  ::close(terminal);
  return shown;
}

void CallsAfterThinking(AnswerOutput& output) {
  output.Reasoning("I need it.");
  output.Answer("I look.");
  output.Call("functions.f", "", true);
  output.Call("functions.f", "{\"x\": ", false);
  output.Call("functions.f", "1}", false);
  output.Call("functions.f", "{}", true);
  output.Finish();
}

TEST(AnswerOutput, ToAPipeOnlyTheAnswerGoesToStandardOutput) {
  const auto [out, err] = Piped({}, CallsAfterThinking);
  EXPECT_EQ(out, "I look.\n");
  EXPECT_EQ(err, "I need it.\nCall of functions.f:\n{\"x\": 1}\nCall of functions.f:\n{}\n");
}

TEST(AnswerOutput, WithoutReasoningThereAreNoCallsEither) {
  const auto [out, err] = Piped({.reasoning = false}, CallsAfterThinking);
  EXPECT_EQ(out, "I look.\n");
  EXPECT_EQ(err, "");
}

TEST(AnswerOutput, PromptedReasoningIsCalledThat) {
  const auto [out, err] = Piped({.prompted_reasoning = true}, [](AnswerOutput& output) {
    output.Reasoning("a");
    output.Reasoning("b\n");
    output.Answer("c\n");
    output.Finish();
  });
  EXPECT_EQ(out, "c\n");
  EXPECT_EQ(err, "Prompted reasoning:\nab\n");
}

TEST(AnswerOutput, APlainTerminalSaysWhatIsWhat) {
  EXPECT_EQ(Shown({}, "1", CallsAfterThinking),
            "Reasoning:\nI need it.\nAnswer:\nI look.\nCall of functions.f:\n{\"x\": 1}\nCall of functions.f:\n{}\n");
  EXPECT_EQ(Shown({}, "1",
                  [](AnswerOutput& output) {
                    output.Call("f\x1b[2J", "a\x1b[2J", true);
                    output.Finish();
                  }),
            "Call of f␛[2J:\na␛[2J\n");
}

TEST(AnswerOutput, ATerminalWithStylesDimsThoughtsAndCalls) {
  const std::string shown = Shown({.markdown = false}, "", CallsAfterThinking);
  const size_t thought = shown.find("Reasoning"), answer = shown.find("I look."),
               call = shown.find("Call of functions.f");
  EXPECT_LT(thought, shown.find("│ I need it."));
  EXPECT_LT(shown.find("I need it."), answer);
  EXPECT_LT(answer, call);
  EXPECT_LT(call, shown.find("│ {\"x\": 1}"));
  EXPECT_NE(shown.find("Call of functions.f", call + 1), std::string::npos);
  EXPECT_NE(shown.find("│ {}"), std::string::npos);
}

}  // namespace
}  // namespace candor
