// A small process beside a sealed one that may do one thing: make new files in one folder.
//
// A sealed process cannot make files, and which file a person will want to save a conversation to is not known when it
// is sealed. Rejected: a target named at the start only (a conversation is saved because of how it went); leaving the
// right to make files to the process that parses models. What the sealed process can ask for, taken over or not, is a
// new file with a plain name that ends in .md or .json in the folder that was fixed before; nothing is replaced.
#ifndef CANDOR_CLI_TERMINAL_SAVE_PROCESS_H_
#define CANDOR_CLI_TERMINAL_SAVE_PROCESS_H_

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace candor {

// The name of a file to save to: what is accepted, or why it is not.
struct SaveName {
  std::string name;   // with ".md" added when there was no ending
  std::string error;  // empty when the name is accepted
};
// Accepts up to 128 bytes without '/', control characters or a leading '.', ending in .md, .json or nothing.
SaveName CheckSaveName(std::string_view name);

class SaveProcess {
 public:
  static constexpr uint64_t kMaxBytes = 64u << 20;  // of one file

  // Starts the process; before threads are started and before sealing. Throws IoError naming the folder.
  explicit SaveProcess(const std::filesystem::path& folder);
  ~SaveProcess();  // ends it
  SaveProcess(const SaveProcess&) = delete;
  SaveProcess& operator=(const SaveProcess&) = delete;

  // Makes the file and writes it whole, mode 0600. Returns its name; throws IoError that names it and says why it was
  // not made (it exists, no space), UsageError for a name that CheckSaveName refuses.
  std::string Save(std::string_view name, std::string_view content);

 private:
  int to_ = -1;
  int from_ = -1;
  pid_t process_ = -1;
};

}  // namespace candor

#endif  // CANDOR_CLI_TERMINAL_SAVE_PROCESS_H_
