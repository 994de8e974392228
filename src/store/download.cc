#include "store/download.h"

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "format/file_kind.h"
#include "store/disk.h"

namespace candor {
namespace {

constexpr std::chrono::milliseconds kPausePoll{100};
constexpr std::chrono::milliseconds kLongestPause{15000};
constexpr size_t kMagicBytes = 4;
constexpr uint64_t kRoomStep = 16'000'000;
constexpr long kRangeNotSatisfiable = 416;
constexpr long kPartialContent = 206;

std::string Hint(long status) {
  if (status == 401 || status == 403) return " (not allowed: does the file need an account or a token?)";
  if (status == 404 || status == 410) return " (no such file)";
  return "";
}

// One file's download over several attempts.
class Downloader {
 public:
  Downloader(HttpClient& client, const HttpUrl& url, const DownloadOptions& options, PartialFile& file,
             const PullProgress& progress)
      : client_(client), url_(url), options_(options), file_(file), progress_(progress) {}

  bool Run() {
    int failures = 0;
    while (true) {
      const uint64_t before = file_.size();
      try {
        const bool stopped = !Attempt();
        if (stopped || complete_) return !stopped;
      } catch (const TransientError& error) {
        failures = file_.size() > before ? 1 : failures + 1;
        if (failures >= options_.attempts) throw;
        if (!Pause(failures, error.what())) return false;
      }
    }
  }

 private:
  bool Report() { return progress_({PullStatus::Phase::kDownloading, file_.size(), total_, ""}); }

  // False when stopped. Sets complete_ when the whole file is there.
  bool Attempt() {
    DownloadRequest request;
    request.url = url_;
    request.begin = file_.size();
    request.if_range = etag_;
    request.bearer_token = options_.bearer_token;
    request.allow_http = options_.allow_http;
    const HttpBody body{[&](const DownloadResponse& response) { Begin(request, response); },
                        [&](std::span<const std::byte> bytes) { Take(bytes); }};
    const auto response = client_.Fetch(request, body, [&] { return Report(); });
    if (!response) return false;
    if (response->status == kRangeNotSatisfiable && request.begin > 0) {
      NothingBeyond(*response);
      return true;
    }
    if (response->status < 200 || response->status > 299) {
      throw IoError(url_.shown + ": the server answers with status " + std::to_string(response->status) +
                    Hint(response->status));
    }
    if (total_ > 0 && file_.size() != total_) {
      throw TransientError(url_.shown + ": " + std::to_string(file_.size()) + " of " + std::to_string(total_) +
                           " bytes came");
    }
    if (file_.size() < kMagicBytes) throw FormatError(url_.shown + ": " + DescribeFileKind(DetectFileKind(magic_)));
    complete_ = true;
    return true;
  }

  void Begin(const DownloadRequest& request, const DownloadResponse& response) {
    if (response.status == kPartialContent) {
      if (!response.range || response.range->begin != request.begin) {
        throw IoError(url_.shown + ": the server sent another part than was asked for");
      }
      end_ = *response.range->end;
      total_ = response.range->total.value_or(end_);
    } else {
      if (file_.size() > 0) file_.Restart();
      magic_.clear();
      total_ = response.length.value_or(0);
      end_ = response.length.value_or(kMaxDownloadBytes);
    }
    if (total_ > kMaxDownloadBytes) {
      throw LimitError(url_.shown + ": " + std::to_string(total_) + " bytes, at most " +
                       std::to_string(kMaxDownloadBytes) + " are downloaded");
    }
    if (total_ > file_.size()) disk::RequireFreeSpace(file_.path().parent_path(), total_ - file_.size());
    etag_ = IsStrongEtag(response.etag) ? response.etag : "";
  }

  void Take(std::span<const std::byte> bytes) {
    if (file_.size() < kMagicBytes) {
      magic_.insert(magic_.end(), bytes.begin(), bytes.begin() + std::min(bytes.size(), kFileKindPrefix));
      const FileKind kind = DetectFileKind(magic_);
      if (magic_.size() >= kMagicBytes && kind != FileKind::kGguf) {
        throw FormatError(url_.shown + ": " + DescribeFileKind(kind));
      }
    }
    if (bytes.size() > end_ - file_.size()) {
      throw FormatError(url_.shown + ": the server sends more than the " + std::to_string(end_) +
                        " bytes that can come; nothing was kept");
    }
    if (total_ == 0) RequireRoom(bytes.size());
    file_.Append(bytes);
  }

  // Looked after only now and then: asking costs more than writing.
  void RequireRoom(size_t bytes) {
    if (bytes <= room_) {
      room_ -= bytes;
      return;
    }
    const std::filesystem::path folder = file_.path().parent_path();
    if (disk::FreeSpace(folder) < kUnannouncedRoom + kRoomStep) {
      throw disk::NoRoomError(url_.shown + ": the server does not say how large the file is, and less than " +
                              std::to_string((kUnannouncedRoom + kRoomStep) / 1'000'000) + " MB are free in " +
                              folder.string());
    }
    room_ = kRoomStep;
  }

  // Status 416: the file has no bytes from here on. Either all of it is there already, or what is there is of another
  // file.
  void NothingBeyond(const DownloadResponse& response) {
    if (response.range && response.range->total == file_.size()) {
      complete_ = true;
    } else {
      file_.Restart();
      magic_.clear();
    }
  }

  // Waits before the next attempt; false when stopped.
  bool Pause(int failures, const std::string& reason) {
    auto left = std::min(options_.first_pause * (1 << std::min(failures - 1, 10)), kLongestPause);
    while (progress_({PullStatus::Phase::kRetrying, file_.size(), total_, reason})) {
      if (left.count() <= 0) return true;
      const auto step = std::min(left, kPausePoll);
      std::this_thread::sleep_for(step);
      left -= step;
    }
    return false;
  }

  HttpClient& client_;
  const HttpUrl& url_;
  const DownloadOptions& options_;
  PartialFile& file_;
  const PullProgress& progress_;
  std::vector<std::byte> magic_;  // the first bytes, until there are enough to tell the kind of file
  uint64_t total_ = 0;            // 0: not announced
  uint64_t end_ = 0;              // where the bytes of this answer must end
  uint64_t room_ = 0;             // bytes that may come before free space is looked after again
  std::string etag_;
  bool complete_ = false;
};

}  // namespace

bool Download(HttpClient& client, const HttpUrl& url, const DownloadOptions& options, PartialFile& file,
              const PullProgress& progress) {
  return Downloader(client, url, options, file, progress).Run();
}

}  // namespace candor
