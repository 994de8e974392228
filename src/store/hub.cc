#include "store/hub.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"
#include "store/model_name.h"

namespace candor {
namespace {

constexpr std::string_view kPrefix = "hf:";
constexpr size_t kMaxReference = 512;

[[noreturn]] void Refuse(const std::string& text, const std::string& why) {
  throw UsageError("\"" + Printable(text, kMaxReference) + "\": " + why);
}

bool IsHubName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::string FileNameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

void CheckPath(const std::string& text, const std::string& path) {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string segment = path.substr(begin, end - begin);
    if (segment.empty() || segment == "." || segment == "..")
      Refuse(text, "the file is not a path within a repository");
    begin = end + 1;
  }
  if (!IsPrintable(path)) Refuse(text, "control characters in a path");
  if (!path.ends_with(".gguf")) {
    Refuse(text, "only .gguf files are pulled; look for a repository or a branch that has the model as GGUF");
  }
}

}  // namespace

HubFile ParseHubReference(const std::string& text) {
  const std::string expected = "expected hf:OWNER/REPOSITORY/FILE.gguf";
  if (!text.starts_with(kPrefix) || text.size() > kMaxReference) Refuse(text, expected);
  const size_t first = text.find('/');
  const size_t second = first == std::string::npos ? first : text.find('/', first + 1);
  if (second == std::string::npos) Refuse(text, expected);
  HubFile file{text.substr(kPrefix.size(), first - kPrefix.size()), text.substr(first + 1, second - first - 1),
               text.substr(second + 1)};
  if (!IsHubName(file.owner) || !IsHubName(file.repository)) Refuse(text, expected);
  CheckPath(text, file.path);
  const auto part = ParseGgufPartName(FileNameOf(file.path));
  if (part && (part->count < 1 || part->count > kGgufMaxParts || part->number < 1 || part->number > part->count)) {
    Refuse(text, "part " + std::to_string(part->number) + " of " + std::to_string(part->count) + " cannot be");
  }
  if (part && part->number != 1) {
    Refuse(text, "a later part of a split model; name the first one, " +
                     FormatGgufPartName({part->stem, 1, part->count}) + ", and all are pulled");
  }
  return file;
}

std::vector<HubFile> HubParts(const HubFile& file) {
  const auto part = ParseGgufPartName(FileNameOf(file.path));
  if (!part) return {file};
  const std::string folder = file.path.substr(0, file.path.size() - FileNameOf(file.path).size());
  std::vector<HubFile> parts;
  for (uint64_t number = 1; number <= part->count; ++number) {
    parts.push_back({file.owner, file.repository, folder + FormatGgufPartName({part->stem, number, part->count})});
  }
  return parts;
}

HttpUrl HubUrl(const std::string& endpoint, const HubFile& file, bool allow_http) {
  std::string base = endpoint;
  while (base.ends_with('/')) base.pop_back();
  return ParseHttpUrl(base + "/" + file.owner + "/" + file.repository + "/resolve/main/" + EncodePath(file.path),
                      allow_http);
}

std::optional<std::string> HubDigest(HttpClient& client, const HttpUrl& url, const std::string& bearer_token,
                                     bool allow_http, const std::function<bool()>& go_on) {
  DownloadRequest request;
  request.url = url;
  request.head = true;
  request.bearer_token = bearer_token;
  request.allow_http = allow_http;
  request.stay_at_origin = true;
  const auto response = client.Fetch(request, {}, go_on);
  if (!response) return std::nullopt;
  if (response->status == 401 || response->status == 403) {
    throw IoError(url.shown + ": status " + std::to_string(response->status) +
                  ": there is no such repository, or it is private or gated; then accept its terms on its page and set "
                  "HF_TOKEN to an access token");
  }
  if (response->status >= 400) {
    throw IoError(url.shown + ": status " + std::to_string(response->status) + ": no such file in the repository");
  }
  return Sha256FromEtag(response->linked_etag);
}

}  // namespace candor
