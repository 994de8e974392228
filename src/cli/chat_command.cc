#include "cli/chat_command.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "store/model_name.h"

namespace candor {
namespace {

enum class Argument : uint8_t { kNone, kOptional, kRequired };

struct Entry {
  const char* name;
  ChatVerb verb;
  Argument argument;
  const char* usage;
  const char* help;  // empty: another name of the entry before
};

constexpr Entry kEntries[] = {
    {"/help", ChatVerb::kHelp, Argument::kNone, "/help", "this list"},
    {"/?", ChatVerb::kHelp, Argument::kNone, "", ""},
    {"/regenerate", ChatVerb::kRegenerate, Argument::kNone, "/regenerate",
     "answer the last message again, differently"},
    {"/retry", ChatVerb::kRegenerate, Argument::kNone, "", ""},
    {"/reset", ChatVerb::kReset, Argument::kNone, "/reset", "forget the conversation and begin again"},
    {"/clear", ChatVerb::kReset, Argument::kNone, "", ""},
    {"/system", ChatVerb::kSystem, Argument::kOptional, "/system [TEXT]",
     "what the model is told before the conversation; \"none\" removes it"},
    {"/think", ChatVerb::kThink, Argument::kOptional, "/think [MODE]",
     "reasoning: on, off, auto, low, medium, high, or the most tokens of it"},
    {"/set", ChatVerb::kSet, Argument::kOptional, "/set [NAME VALUE]", "how tokens are chosen: /set temperature 0.2"},
    {"/save", ChatVerb::kSave, Argument::kRequired, "/save NAME",
     "write the conversation to NAME.md, or as JSON to NAME.json"},
    {"/stats", ChatVerb::kStats, Argument::kNone, "/stats", "what the last answer cost, and how full the context is"},
    {"/prompt", ChatVerb::kPrompt, Argument::kNone, "/prompt", "the exact text that the model saw last"},
    {"/exit", ChatVerb::kExit, Argument::kNone, "/exit", "leave (also Ctrl-D, or Ctrl-C twice)"},
    {"/quit", ChatVerb::kExit, Argument::kNone, "", ""},
    {"/bye", ChatVerb::kExit, Argument::kNone, "", ""},
};

std::string Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

std::vector<std::string> Names(bool with_aliases) {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) {
    if (with_aliases || entry.help[0] != '\0') names.push_back(entry.name);
  }
  return names;
}

}  // namespace

std::optional<ChatCommand> ParseChatCommand(std::string_view line) {
  if (!line.starts_with('/')) return std::nullopt;
  const std::string name(line.substr(0, line.find_first_of(kBlanks)));
  const auto entry =
      std::find_if(std::begin(kEntries), std::end(kEntries), [&](const Entry& e) { return e.name == name; });
  if (entry == std::end(kEntries)) {
    const std::string nearest = NearestName(name, Names(true));
    throw UsageError("no command " + name + (nearest.empty() ? "; " : "; did you mean " + nearest + "? ") +
                     "/help lists them; a message that begins with '/' needs a space before it");
  }
  ChatCommand command{entry->verb, Trim(line.substr(name.size()))};
  if (entry->argument == Argument::kRequired && command.argument.empty()) {
    throw UsageError(name + " needs an argument: " + entry->usage);
  }
  if (entry->argument == Argument::kNone && !command.argument.empty()) throw UsageError(name + " takes no argument");
  return command;
}

std::string ChatHelp() {
  std::string help;
  for (const Entry& entry : kEntries) {
    if (entry.help[0] == '\0') continue;
    std::string line = "  " + std::string(entry.usage);
    line.resize(std::max<size_t>(line.size() + 1, 22), ' ');
    help += line + entry.help + "\n";
  }
  return help +
         "A message of several lines: end a line with \\ or press Alt-Enter, paste it, or put it between \"\"\" and "
         "\"\"\".\n"
         "Ctrl-C stops an answer. Tab completes commands; the arrow keys bring back earlier messages.\n";
}

std::vector<std::string> CompleteChatCommand(std::string_view before_cursor, const std::vector<std::string>& settings) {
  if (!before_cursor.starts_with('/')) return {};
  const size_t blank = before_cursor.find(' ');
  std::vector<std::string> candidates;
  if (blank == std::string_view::npos) {
    candidates = Names(false);
  } else if (before_cursor.find(' ', blank + 1) == std::string_view::npos) {
    const std::string_view name = before_cursor.substr(0, blank);
    if (name == "/think") candidates = {"on", "off", "auto", "low", "medium", "high"};
    if (name == "/set") candidates = settings;
  }
  const std::string_view word = before_cursor.substr(before_cursor.rfind(' ') + 1);
  std::erase_if(candidates, [&](const std::string& candidate) { return !candidate.starts_with(word); });
  return candidates;
}

}  // namespace candor
