// The lines that a person has typed, kept between sessions in a file that only they can read.
#ifndef CANDOR_CLI_TERMINAL_HISTORY_FILE_H_
#define CANDOR_CLI_TERMINAL_HISTORY_FILE_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

// One entry a line, with "\\" for a backslash and "\n" for a line end within it. Opened once; appending needs only
// the open descriptor, so that it works in a sealed process, and two sessions at a time lose nothing.
class HistoryFile {
 public:
  static constexpr size_t kMaxBytes = 1u << 20;        // of the file: the oldest entries go when it is opened
  static constexpr size_t kMaxEntryBytes = 64u << 10;  // longer entries are not kept

  // Opens or makes `path` (mode 0600) and the folders above it (0700). Throws IoError naming the path.
  static HistoryFile Open(const std::filesystem::path& path);
  HistoryFile(HistoryFile&& other) noexcept;
  HistoryFile& operator=(HistoryFile&& other) noexcept;
  ~HistoryFile();

  // What the file held when it was opened, oldest first.
  const std::vector<std::string>& entries() const { return entries_; }
  // A failure to write is ignored: a full disk must not end a conversation.
  void Append(std::string_view entry);

 private:
  HistoryFile(int descriptor, std::vector<std::string> entries);
  int descriptor_ = -1;
  std::vector<std::string> entries_;
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_HISTORY_FILE_H_
