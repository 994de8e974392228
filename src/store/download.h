// Downloads one file over HTTP into a partial file: resumes, retries, checks.
#ifndef CANDOR_STORE_DOWNLOAD_H_
#define CANDOR_STORE_DOWNLOAD_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "store/http_client.h"
#include "store/partial_file.h"
#include "store/pull.h"

namespace candor {

// No published model file comes near it; an endless answer ends here if the disk does not end it before.
constexpr uint64_t kMaxDownloadBytes = uint64_t{1} << 40;
// What stays free of a disk on which a file of unknown size arrives.
constexpr uint64_t kUnannouncedRoom = 256'000'000;

struct DownloadOptions {
  bool allow_http = false;                      // DownloadRequest
  std::string bearer_token;                     // DownloadRequest
  int attempts = 5;                             // in a row that bring no new byte
  std::chrono::milliseconds first_pause{1000};  // before the second attempt; doubles
};

// Appends to `file` (after PartialFile::Resume or Restart) what is missing of the file at `url`. A connection that
// breaks is taken up where it broke; where the server cannot, or has another file by then, the file starts again.
// Refuses what is not GGUF by its first bytes, more than kMaxDownloadBytes and more than the disk has room for, takes
// no byte beyond what an answer announces, and fails when fewer come. False when `progress` stopped it; `file` then
// holds what came. Throws IoError (the server, the network, the disk; disk::NoRoomError when the disk is full) or
// FormatError (not a GGUF file, more bytes than announced).
bool Download(HttpClient& client, const HttpUrl& url, const DownloadOptions& options, PartialFile& file,
              const PullProgress& progress);

}  // namespace candor

#endif  // CANDOR_STORE_DOWNLOAD_H_
