#include "cli/config_file.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "store/model_name.h"

namespace candor {
namespace {

constexpr size_t kMaxEntries = 1000;
constexpr std::string_view kBlanksOfLine = " \t\r";

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// One line of the file. Every function leaves `rest` behind what it has read.
class LineReader {
 public:
  LineReader(std::string_view line, const std::string& where) : rest_(line), where_(where) {}

  bool AtEnd() {
    SkipBlanks();
    return rest_.empty() || rest_[0] == '#';
  }
  bool Take(char c) {
    SkipBlanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string Key(const char* what) {
    SkipBlanks();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), IsKeyCharacter);
    std::string key(rest_.begin(), end);
    if (key.empty()) Fail(std::string("expected ") + what);
    rest_.remove_prefix(key.size());
    return key;
  }
  std::vector<std::string> Values() {
    if (!Take('[')) return {Value()};
    std::vector<std::string> values;
    while (!Take(']')) {
      if (!values.empty() && !Take(',')) Fail("expected ',' or ']' (an array is written on one line)");
      if (Take(']')) break;
      values.push_back(Value());
    }
    return values;
  }
  void ExpectEnd() {
    if (!AtEnd()) Fail("unexpected \"" + std::string(rest_.substr(0, 20)) + "\"");
  }
  [[noreturn]] void Fail(const std::string& what) { throw FormatError(where_ + ": " + what); }

 private:
  void SkipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanksOfLine), rest_.size())); }

  std::string Value() {
    SkipBlanks();
    if (rest_.starts_with('"')) return BasicString();
    if (rest_.starts_with('\'')) {
      const size_t end = rest_.find('\'', 1);
      if (end == std::string_view::npos) Fail("a string without its closing '");
      std::string text(rest_.substr(1, end - 1));
      rest_.remove_prefix(end + 1);
      return text;
    }
    const size_t end = std::min(rest_.find_first_of(" \t\r,]#"), rest_.size());
    const std::string word(rest_.substr(0, end));
    const bool number = !word.empty() && (std::string_view("+-.").find(word[0]) != std::string_view::npos ||
                                          (word[0] >= '0' && word[0] <= '9'));
    if (!number && word != "true" && word != "false") {
      Fail("expected a number, true, false, or a string in quotes" + (word.empty() ? "" : ", found " + word));
    }
    rest_.remove_prefix(end);
    return word;
  }

  std::string BasicString() {
    std::string text;
    size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] != '\\') {
        text += rest_[at];
        continue;
      }
      if (++at == rest_.size()) break;
      static constexpr std::string_view kEscapes = "\"\\ntr", kMeanings = "\"\\\n\t\r";
      const size_t escape = kEscapes.find(rest_[at]);
      if (escape == std::string_view::npos) Fail(std::string("unknown escape \\") + rest_[at] + " in a string");
      text += kMeanings[escape];
    }
    if (at >= rest_.size()) Fail("a string without its closing \"");
    rest_.remove_prefix(at + 1);
    return text;
  }

  std::string_view rest_;
  const std::string& where_;
};

std::vector<std::string> LongFlags(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_configurable() || option->get_positional()) continue;
    for (const std::string& name : option->get_lnames()) flags.push_back(name);
  }
  return flags;
}

bool HasFlag(const CLI::App& command, const std::string& key) {
  const std::vector<std::string> flags = LongFlags(command);
  return std::find(flags.begin(), flags.end(), key) != flags.end();
}

std::string Suggestion(const std::string& typed, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(typed, candidates);
  return nearest.empty() ? "" : "; did you mean " + nearest + "?";
}

// CLI11's hook for files of settings. It fills the options itself instead of returning items, so that an error can
// name the line.
class Reader : public CLI::Config {
 public:
  explicit Reader(CLI::App& app) : app_(app) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return ""; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string source = app_.get_config_ptr()->as<std::string>();
    std::string text(kMaxConfigBytes + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(input.gcount()));
    if (text.size() > kMaxConfigBytes) throw LimitError(source + ": larger than 1 MiB");
    std::vector<ConfigEntry> entries = ParseConfig(text, source);
    for (const ConfigEntry& entry : entries) CheckNames(entry, source);
    // A section is more special than what stands before all sections; the first value that a flag gets stays.
    std::stable_partition(entries.begin(), entries.end(), [](const ConfigEntry& e) { return !e.section.empty(); });
    for (const ConfigEntry& entry : entries) {
      for (CLI::App* chosen : app_.get_subcommands()) {
        if (!entry.section.empty() && entry.section != chosen->get_name()) continue;
        for (CLI::App* command : chosen->get_subcommands()) Fill(*command, entry, source);
        Fill(*chosen, entry, source);
      }
    }
    return {};
  }

 private:
  static std::string Where(const ConfigEntry& entry, const std::string& source) {
    return source + ":" + std::to_string(entry.line) + ": " + entry.key;
  }

  // Throws unless the entry names a flag of its command or, before all sections, of any command.
  void CheckNames(const ConfigEntry& entry, const std::string& source) const {
    std::vector<std::string> commands, flags;
    for (const CLI::App* command : app_.get_subcommands({})) {
      commands.push_back(command->get_name());
      if (!entry.section.empty() && entry.section != command->get_name()) continue;
      for (const std::string& flag : LongFlags(*command)) flags.push_back(flag);
      for (const CLI::App* below : command->get_subcommands({})) {
        for (const std::string& flag : LongFlags(*below)) flags.push_back(flag);
      }
    }
    const bool known = std::find(flags.begin(), flags.end(), entry.key) != flags.end();
    if (!entry.section.empty() && std::find(commands.begin(), commands.end(), entry.section) == commands.end()) {
      throw UsageError(source + ": no command [" + entry.section + "]" + Suggestion(entry.section, commands));
    }
    if (!known) {
      const std::string whose = entry.section.empty() ? "any command" : "candor " + entry.section;
      throw UsageError(Where(entry, source) + ": not a setting of " + whose + Suggestion(entry.key, flags));
    }
  }

  static void Fill(CLI::App& command, const ConfigEntry& entry, const std::string& source) {
    if (!HasFlag(command, entry.key)) return;
    CLI::Option& option = *command.get_option("--" + entry.key);
    if (!option.empty()) return;
    try {
      if (option.get_expected_min() == 0) {  // a flag without a value
        if (entry.values.size() != 1) throw CLI::ConversionError("expected true or false");
        option.add_result(option.get_flag_value(entry.key, entry.values[0]));
      } else {
        option.add_result(entry.values);
      }
      option.run_callback();
    } catch (const CLI::ParseError& error) {
      std::string what = error.what();
      if (what.starts_with("--" + entry.key + ": ")) what.erase(0, entry.key.size() + 4);
      throw UsageError(Where(entry, source) + ": " + what);
    }
  }

  CLI::App& app_;
};

// Why `path` cannot be read; empty when it can, or is not there. The library would open a pipe and wait for a writer.
std::string RefuseToRead(const std::string& path) {
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path, error)) return "";
  try {
    File::Open(path);
  } catch (const IoError& refused) {
    return refused.what();
  }
  return "";
}

// So that --config may stand behind a command, as its own flags do.
void TakeFlagsOfParent(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();
    TakeFlagsOfParent(*command);
  }
}

}  // namespace

std::vector<ConfigEntry> ParseConfig(std::string_view text, const std::string& source) {
  std::vector<ConfigEntry> entries;
  std::string section;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string where = source + ":" + std::to_string(number);
    LineReader line(text.substr(0, end), where);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.AtEnd()) continue;
    if (line.Take('[')) {
      section = line.Key("the name of a command");
      if (!line.Take(']')) line.Fail("expected ']' after [" + section);
    } else {
      ConfigEntry entry{section, line.Key("key = value"), {}, number};
      std::replace(entry.key.begin(), entry.key.end(), '_', '-');
      if (!line.Take('=')) line.Fail("expected '=' after " + entry.key);
      entry.values = line.Values();
      for (const ConfigEntry& other : entries) {
        if (other.section == section && other.key == entry.key) {
          line.Fail(entry.key + " is there twice (line " + std::to_string(other.line) + ")");
        }
      }
      if (entries.size() == kMaxEntries) line.Fail("more than " + std::to_string(kMaxEntries) + " settings");
      entries.push_back(std::move(entry));
    }
    line.ExpectEnd();
  }
  return entries;
}

std::filesystem::path DefaultConfigFile() {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  // The XDG specification wants relative paths ignored.
  std::filesystem::path folder = environment("XDG_CONFIG_HOME");
  if (!folder.is_absolute()) {
    const std::filesystem::path home = environment("HOME");
    if (!home.is_absolute()) return {};
    folder = home / ".config";
  }
  return folder / "candor" / "config.toml";
}

void AddConfigFile(CLI::App& app) {
  app.config_formatter(std::make_shared<Reader>(app));
  TakeFlagsOfParent(app);
  app.set_config("--config", DefaultConfigFile().string(),
                 "Settings in place of flags, lines such as threads = 4; default: ~/.config/candor/config.toml")
      ->check(RefuseToRead)
      ->option_text("FILE");
}

}  // namespace candor
