#include "cli/help.h"

#include <algorithm>
#include <memory>
#include <span>
#include <sstream>
#include <string_view>

#include "store/model_name.h"

namespace candor {
namespace {

constexpr size_t kHelpColumns = 100;
constexpr size_t kNameColumns = 30;

std::string WrapWords(const std::string& text, size_t columns) {
  std::string out;
  size_t used = 0;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    if (used > 0 && used + 1 + word.size() > columns) {
      out += '\n';
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
  }
  return out;
}

class HelpFormat : public CLI::Formatter {
 public:
  HelpFormat() {
    column_width(kNameColumns);
    label("SUBCOMMAND", "COMMAND");
    label("Positionals", "Arguments");
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    return WrapWords(option->get_description(), kHelpColumns - kNameColumns);
  }
  std::string make_description(const CLI::App* app) const override {
    return WrapWords(app->get_description(), kHelpColumns) + "\n\n";
  }
  // A command's first sentence; the rest is said in its own help.
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string all = command->get_description();
    const size_t end = all.find(". ");
    std::stringstream out;
    CLI::detail::format_help(
        out, command->get_name(),
        WrapWords(all.substr(0, end == std::string::npos ? end : end + 1), kHelpColumns - kNameColumns), kNameColumns);
    return out.str();
  }
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string help = CLI::Formatter::make_help(app, name, mode);
    for (size_t at = help.find("\n\n\n"); at != std::string::npos; at = help.find("\n\n\n", at)) help.erase(at, 1);
    while (help.ends_with("\n\n")) help.pop_back();
    return help;
  }
};

// The command that the command line names, or the program itself.
const CLI::App& ChosenCommand(const CLI::App& app) {
  const CLI::App* chosen = &app;
  for (std::vector<CLI::App*> parsed = chosen->get_subcommands(); !parsed.empty(); parsed = chosen->get_subcommands()) {
    chosen = parsed.front();
  }
  return *chosen;
}

std::string FullName(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : FullName(*command.get_parent()) + " " + command.get_name();
}

struct Synonym {
  std::string_view typed;
  const char* meant;
};

// What the same is called elsewhere.
constexpr Synonym kCommandSynonyms[] = {{"rm", "remove"},    {"delete", "remove"},
                                        {"ls", "list"},      {"ps", "list"},
                                        {"show", "inspect"}, {"info", "inspect"},
                                        {"chat", "run"},     {"generate", "run"},
                                        {"ask", "run"},      {"download", "pull"},
                                        {"fetch", "pull"},   {"get", "pull"},
                                        {"install", "pull"}, {"perplexity", "eval perplexity"}};
constexpr Synonym kFlagSynonyms[] = {{"-n", "max-tokens"},
                                     {"--n-predict", "max-tokens"},
                                     {"--num-predict", "max-tokens"},
                                     {"-t", "threads"},
                                     {"-c", "ctx"},
                                     {"--ctx-size", "ctx"},
                                     {"--num-ctx", "ctx"},
                                     {"-s", "seed"},
                                     {"--temp", "temperature"}};

// What `typed` stands for; empty when it is not among the synonyms.
std::string Meant(std::string_view typed, std::span<const Synonym> synonyms) {
  const auto found = std::find_if(synonyms.begin(), synonyms.end(), [&](const Synonym& s) { return s.typed == typed; });
  return found == synonyms.end() ? "" : found->meant;
}

std::string DidYouMean(const std::string& typed, const std::vector<std::string>& candidates,
                       const std::string& dashes) {
  const std::string nearest = NearestName(typed, candidates);
  return nearest.empty() ? "" : "; did you mean " + dashes + nearest + "?";
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());  // the others are not for people
  }
  return names;
}

// The first word that is no flag, when it names no command.
std::string MisspeltCommand(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (!app.get_subcommands().empty()) return "";
  const std::vector<std::string> names = CommandNames(app);
  for (const std::string& argument : arguments) {
    if (argument.starts_with('-')) continue;
    return std::find(names.begin(), names.end(), argument) == names.end() ? argument : "";
  }
  return "";
}

std::string UnknownArgument(const CLI::App& command, const std::string& argument) {
  if (!argument.starts_with("-")) return "unexpected argument \"" + argument + "\"";
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back(name);
  }
  const std::string unknown = "unknown option " + argument.substr(0, argument.find('='));
  const std::string meant = Meant(argument.substr(0, argument.find('=')), kFlagSynonyms);
  if (std::find(flags.begin(), flags.end(), meant) != flags.end()) return unknown + "; did you mean --" + meant + "?";
  if (argument[1] != '-') return unknown;  // too short to be like anything
  const std::string typed = argument.substr(std::min(argument.find_first_not_of('-'), argument.size()));
  const std::string name = typed.substr(0, typed.find('='));
  return unknown + DidYouMean(name, flags, "--");
}

}  // namespace

void UseHelpFormat(CLI::App& app) { app.formatter(std::make_shared<HelpFormat>()); }

std::string DescribeUsageError(const CLI::App& app, const CLI::ParseError& error,
                               const std::vector<std::string>& arguments) {
  const CLI::App& command = ChosenCommand(app);
  std::string what = error.what();
  const std::vector<std::string> unknown = app.remaining(true);
  if (const std::string word = MisspeltCommand(app, arguments); !word.empty()) {
    const std::string meant = Meant(word, kCommandSynonyms);
    what = "unknown command \"" + word + "\"" +
           (meant.empty() ? DidYouMean(word, CommandNames(app), "") : "; did you mean " + meant + "?");
  } else if (arguments.empty()) {
    what = "a command is missing";
  } else if (!unknown.empty()) {
    what = UnknownArgument(command, unknown.front());
  }
  return what + "\nSee: " + FullName(command) + " --help";
}

}  // namespace candor
