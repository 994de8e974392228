#include "cli/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace candor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ParseError(std::string_view text) {
  try {
    ParseConfig(text, "c.toml");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "";
}

TEST(ParseConfig, ReadsValuesOfEveryKind) {
  const auto entries = ParseConfig(
      "# settings\nthreads = 4  # four\n\n[run]\ntop_p=0.5\nsystem = \"a # \\\"b\\\"\\n\"\nexact = true\n"
      "stop = [ 'x\\y', \"z\", ]\r\n",
      "c.toml");
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].section, "");
  EXPECT_EQ(entries[0].key, "threads");
  EXPECT_THAT(entries[0].values, ElementsAre("4"));
  EXPECT_EQ(entries[0].line, 2u);
  EXPECT_EQ(entries[1].section, "run");
  EXPECT_EQ(entries[1].key, "top-p");
  EXPECT_THAT(entries[2].values, ElementsAre("a # \"b\"\n"));
  EXPECT_THAT(entries[3].values, ElementsAre("true"));
  EXPECT_THAT(entries[4].values, ElementsAre("x\\y", "z"));
  EXPECT_EQ(entries[4].line, 8u);
}

TEST(ParseConfig, NamesTheLineOfAnError) {
  EXPECT_EQ(ParseError("a = 1\nb = two\n"),
            "c.toml:2: expected a number, true, false, or a string in quotes, found two");
  EXPECT_EQ(ParseError("a"), "c.toml:1: expected '=' after a");
  EXPECT_EQ(ParseError("= 1"), "c.toml:1: expected key = value");
  EXPECT_EQ(ParseError("[run"), "c.toml:1: expected ']' after [run");
  EXPECT_EQ(ParseError("a = \"x"), "c.toml:1: a string without its closing \"");
  EXPECT_EQ(ParseError("a = 'x"), "c.toml:1: a string without its closing '");
  EXPECT_EQ(ParseError("a = \"\\q\""), "c.toml:1: unknown escape \\q in a string");
  EXPECT_EQ(ParseError("a = 1 2"), "c.toml:1: unexpected \"2\"");
  EXPECT_EQ(ParseError("a = [1 2]"), "c.toml:1: expected ',' or ']' (an array is written on one line)");
  EXPECT_EQ(ParseError("a = 1\n\na = 2"), "c.toml:3: a is there twice (line 1)");
}

// A program with two commands, as the file's reader sees it.
struct Program {
  CLI::App app{"test", "prog"};
  int threads = 0, deep = 0;
  double heat = 0;
  bool fast = false;
  std::vector<std::string> stop;

  Program() {
    CLI::App* run = app.add_subcommand("run");
    run->add_option("--threads", threads);
    run->add_option("--heat", heat)->check(CLI::Range(0.0, 1.0));
    run->add_flag("--fast", fast);
    run->add_option("--stop", stop);
    app.add_subcommand("list")->add_option("--other");
    CLI::App* logits = app.add_subcommand("eval")->add_subcommand("logits");
    logits->add_option("--deep", deep);
    AddConfigFile(app);
  }
  void Parse(const std::string& settings, std::vector<std::string> arguments) {
    const std::string path = testing::TempDir() + "/candor-config-test.toml";
    std::ofstream(path) << settings;
    arguments.insert(arguments.begin(), {"--config", path});
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  }
  std::string Error(const std::string& settings, const std::vector<std::string>& arguments) {
    try {
      Parse(settings, arguments);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  }
};

TEST(ConfigFile, GivesFlagsTheirValues) {
  Program program;
  program.Parse("threads = 3\n[run]\nheat = 0.5\nfast = true\nstop = ['a', 'b']\n", {"run"});
  EXPECT_EQ(program.threads, 3);
  EXPECT_EQ(program.heat, 0.5);
  EXPECT_TRUE(program.fast);
  EXPECT_THAT(program.stop, ElementsAre("a", "b"));
}

TEST(ConfigFile, ReachesCommandsBelowCommands) {
  Program program;
  program.Parse("[eval]\ndeep = 2\n", {"eval", "logits"});
  EXPECT_EQ(program.deep, 2);
}

TEST(ConfigFile, TheCommandLineAndThenTheSectionComeFirst) {
  Program program;
  program.Parse("threads = 3\nheat = 0.1\n[run]\nheat = 0.5\n", {"run", "--threads", "7"});
  EXPECT_EQ(program.threads, 7);
  EXPECT_EQ(program.heat, 0.5);
}

TEST(ConfigFile, OtherCommandsAreNotTouched) {
  Program program;
  program.Parse("threads = 3\n[run]\nheat = 77\n", {"list"});
  EXPECT_EQ(program.threads, 0);
}

TEST(ConfigFile, RefusesWhatNoCommandHas) {
  EXPECT_THAT(Program().Error("thread = 1\n", {"run"}),
              HasSubstr(":1: thread: not a setting of any command; did you mean threads?"));
  EXPECT_THAT(Program().Error("\n[run]\nother = 1\n", {"run"}), HasSubstr(":3: other: not a setting of candor run"));
  EXPECT_THAT(Program().Error("[rum]\nheat = 1\n", {"run"}), HasSubstr("no command [rum]; did you mean run?"));
  EXPECT_THAT(Program().Error("heat = 7\n", {"run"}), HasSubstr(":1: heat: "));
  EXPECT_THAT(Program().Error("fast = [true, false]\n", {"run"}), HasSubstr("expected true or false"));
  EXPECT_THAT(Program().Error("config = 'x'\n", {"run"}), HasSubstr("not a setting"));
}

}  // namespace
}  // namespace candor
