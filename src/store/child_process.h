// A program run to its end, with what it says.
#ifndef CANDOR_STORE_CHILD_PROCESS_H_
#define CANDOR_STORE_CHILD_PROCESS_H_

#include <functional>
#include <string>
#include <vector>

namespace candor {

struct ChildResult {
  bool started = false;    // false: there is no such program; `start_error` says why
  int start_error = 0;     // an errno
  bool stopped = false;    // `go_on` returned false
  int exit_code = -1;      // 128 + number when a signal ended it
  std::string last_words;  // the end of its stdout and stderr together, at most 4 KiB
};

// Runs `command` (its first word looked for in PATH) with `environment` ("NAME=value", all of it), an empty stdin and
// a process group of its own, and waits. `go_on` is called about five times a second; when it returns false the
// group gets SIGTERM and, two seconds later, SIGKILL. The child gets SIGTERM when the calling thread ends. Throws
// IoError when the system has no pipe or process left.
ChildResult RunChild(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                     const std::function<bool()>& go_on);

}  // namespace candor

#endif  // CANDOR_STORE_CHILD_PROCESS_H_
