#include "cli/terminal/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "cli/terminal/write_all.h"

namespace candor {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& path, const char* what) {
  throw IoError(path.string() + ": " + what + ": " + std::strerror(errno));
}

std::string Encode(std::string_view entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\\') {
      line += "\\\\";
    } else if (c == '\n') {
      line += "\\n";
    } else if (c != '\0' && c != '\r') {
      line += c;
    }
  }
  return line + "\n";
}

std::string Decode(std::string_view line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      ++i;
      entry += line[i] == 'n' ? '\n' : line[i];
    } else {
      entry += line[i];
    }
  }
  return entry;
}

// The last `limit` bytes of the file.
std::string ReadEnd(int descriptor, size_t limit, const std::filesystem::path& path) {
  struct stat info = {};
  if (::fstat(descriptor, &info) != 0) Fail(path, "cannot read");
  if (!S_ISREG(info.st_mode)) throw IoError(path.string() + ": not a regular file");
  const auto size = static_cast<size_t>(info.st_size);
  std::string text(std::min(size, limit), '\0');
  const ssize_t got = ::pread(descriptor, text.data(), text.size(), static_cast<off_t>(size - text.size()));
  if (got < 0) Fail(path, "cannot read");
  text.resize(static_cast<size_t>(got));
  return text;
}

// A shorter file takes the place of `path` in one step, so that a session that has the old one open loses nothing more
// than its own new lines.
int Replace(const std::filesystem::path& path, const std::vector<std::string>& entries) {
  const std::filesystem::path temporary = path.string() + "." + std::to_string(::getpid());
  const int descriptor = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return -1;
  std::string text;
  for (const std::string& entry : entries) text += Encode(entry);
  if (!WriteAll(descriptor, text) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

}  // namespace

HistoryFile HistoryFile::Open(const std::filesystem::path& path) {
  std::filesystem::path folder;
  for (const auto& part : path.parent_path()) {
    folder /= part;
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
      Fail(folder, "cannot make the folder");
    }
  }
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0) Fail(path, "cannot open");
  HistoryFile file(descriptor, {});
  const std::string text = ReadEnd(descriptor, kMaxBytes, path);
  std::string_view rest = text;
  // A first line that is only part of one is not used.
  if (text.size() == kMaxBytes) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) file.entries_.push_back(Decode(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (text.size() == kMaxBytes) {
    file.entries_.erase(file.entries_.begin(),
                        file.entries_.begin() + static_cast<ptrdiff_t>(file.entries_.size() / 2));
    const int shorter = Replace(path, file.entries_);
    if (shorter >= 0) ::close(std::exchange(file.descriptor_, shorter));
  }
  return file;
}

HistoryFile::HistoryFile(int descriptor, std::vector<std::string> entries)
    : descriptor_(descriptor), entries_(std::move(entries)) {}

HistoryFile::HistoryFile(HistoryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), entries_(std::move(other.entries_)) {}

HistoryFile& HistoryFile::operator=(HistoryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(entries_, other.entries_);
  return *this;
}

HistoryFile::~HistoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void HistoryFile::Append(std::string_view entry) {
  if (!entry.empty() && entry.size() <= kMaxEntryBytes) (void)WriteAll(descriptor_, Encode(entry));
}

}  // namespace candor
