// A file that gets its name when it is whole.
//
// A sealed process can neither rename nor delete. A small process beside it, started before, does one of the two: it
// gives the file its name when it is told to, and removes it when it is told to or when the other one ends, however it
// does. Rejected: writing to the name itself, which destroys what was there before anything is known to work.
#ifndef CANDOR_CLI_PENDING_FILE_H_
#define CANDOR_CLI_PENDING_FILE_H_

#include <filesystem>
#include <string>

namespace candor {

class PendingFile {
 public:
  // Makes an empty file beside `path`, with the mode of what is there or that of a new file. A pipe or a device is
  // opened itself. Before threads are started and before sealing. Throws IoError naming `path`.
  explicit PendingFile(const std::filesystem::path& path);
  // Removes the file unless Commit() has been called; what had its name before is as it was.
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  int descriptor() const { return descriptor_; }
  // Gives the file its name, in the place of what had it. Throws IoError.
  void Commit();

 private:
  void StartProcess(const std::string& temporary, const std::string& target);
  // Tells the process what to do and waits until it is done; an errno.
  int Tell(char what);

  std::string name_;
  int descriptor_ = -1;
  int to_ = -1;  // -1: there is nothing to tell (any more)
  int from_ = -1;
};

}  // namespace candor

#endif  // CANDOR_CLI_PENDING_FILE_H_
