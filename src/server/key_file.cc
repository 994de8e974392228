#include "server/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"

namespace candor {
namespace {

constexpr auto kLookPeriod = std::chrono::seconds(1);

[[noreturn]] void Fail(const std::filesystem::path& path, const char* what) {
  throw IoError(path.string() + ": cannot " + what + ": " + std::strerror(errno));
}

void WriteAllTo(int descriptor, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail(path, "write");
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// Puts a file with `text` in the place of `path`.
void Replace(const std::filesystem::path& path, const std::string& text, int folder) {
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (file.number() < 0) Fail(path, "write");
  try {
    WriteAllTo(file.number(), text, path);
    if (::fsync(file.number()) != 0) Fail(path, "write");
    if (::rename(temporary.c_str(), path.c_str()) != 0) Fail(path, "write");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  // A revoked key must not come back after a power failure.
  if (::fsync(folder) != 0) Fail(path, "write");
}

}  // namespace

std::vector<ApiKey> ReadKeyFile(const std::filesystem::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    Fail(path, "read");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw FormatError(path.string() +
                      ": others than its owner may write it, and could give themselves a key; run: chmod "
                      "600 " +
                      path.string());
  }
  return ParseApiKeys(ReadWholeFile(path, kMaxKeyFileBytes), path.string());
}

void ChangeKeyFile(const std::filesystem::path& path, const std::function<void(std::vector<ApiKey>&)>& change) {
  const std::filesystem::path absolute = std::filesystem::absolute(path);
  const std::filesystem::path parent = absolute.parent_path();
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) throw IoError(parent.string() + ": cannot make the folder: " + error.message());
  // The folder is what is locked: the file itself is another one after each change.
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.number() < 0) Fail(parent, "open");
  while (::flock(folder.number(), LOCK_EX) != 0) {
    if (errno != EINTR) Fail(parent, "lock");
  }
  std::vector<ApiKey> keys = ReadKeyFile(absolute);
  change(keys);
  if (keys.size() > kMaxApiKeys) throw LimitError(path.string() + ": at most 10000 keys");
  Replace(absolute, WriteApiKeys(keys), folder.number());
}

KeyRing::KeyRing(std::filesystem::path path)
    : path_(std::move(path)), stamp_(Look()), next_look_(Clock::now() + kLookPeriod), keys_(ReadKeyFile(path_)) {
  required_ = !keys_.empty();
}

KeyRing::Stamp KeyRing::Look() const {
  struct stat status;
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, static_cast<uint64_t>(status.st_ino),
          static_cast<uint64_t>(status.st_size)};
}

void KeyRing::Refresh(Clock::time_point now) {
  if (now < next_look_) return;
  next_look_ = now + kLookPeriod;
  const Stamp stamp = Look();
  if (stamp == stamp_) return;
  try {
    keys_ = ReadKeyFile(path_);
    stamp_ = stamp;  // what could not be read is read again
    required_ = required_ || !keys_.empty();
    problem_.clear();
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

const ApiKey* KeyRing::Find(std::string_view presented, Clock::time_point now) {
  Refresh(now);
  return FindApiKey(keys_, presented);
}

bool KeyRing::required(Clock::time_point now) {
  Refresh(now);
  return required_;
}

}  // namespace candor
