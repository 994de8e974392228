// Where API keys are kept: changed by `candor keys`, read again by running servers when it has changed.
#ifndef CANDOR_SERVER_KEY_FILE_H_
#define CANDOR_SERVER_KEY_FILE_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/keys.h"

namespace candor {

// The keys in a file; none when there is no file. Throws IoError, and FormatError for a file that cannot be believed,
// one that others than its owner may write included.
std::vector<ApiKey> ReadKeyFile(const std::filesystem::path& path);

// Gives the keys to `change` and puts what it leaves in the file's place, whole or not at all: readable and writable by
// its owner alone. Others that do the same wait. Makes the folder where it is missing. When `change` throws, nothing
// happens to the file.
void ChangeKeyFile(const std::filesystem::path& path, const std::function<void(std::vector<ApiKey>&)>& change);

// The keys of a running server.
class KeyRing {
 public:
  using Clock = std::chrono::steady_clock;

  // Reads the file: throws as ReadKeyFile().
  explicit KeyRing(std::filesystem::path path);

  // Looks whether the file has changed, once a second at most. One that cannot be read any more leaves the keys as they
  // were: see problem(). The calls below do the same.
  void Refresh(Clock::time_point now);

  // The key that `presented` is; null when it is none. Valid until the next call.
  const ApiKey* Find(std::string_view presented, Clock::time_point now);

  // Whether requests need a key: since there was one. It stays so when the last one goes, so that losing the file does
  // not open the server.
  bool required(Clock::time_point now);
  // Why the file cannot be read at present; empty when it can.
  const std::string& problem() const { return problem_; }

 private:
  struct Stamp {
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    uint64_t inode = 0;
    uint64_t bytes = 0;
    bool operator==(const Stamp&) const = default;
  };

  Stamp Look() const;

  std::filesystem::path path_;
  Stamp stamp_;
  Clock::time_point next_look_;
  std::vector<ApiKey> keys_;
  bool required_ = false;
  std::string problem_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_KEY_FILE_H_
