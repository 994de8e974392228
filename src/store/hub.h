// Files of a model hub: "hf:OWNER/REPO/FILE", and what the hub says about them.
//
// Protocol: a hub answers ENDPOINT/OWNER/REPO/resolve/main/FILE with the file or a redirect to where it is stored. For
// files in large-file storage that first answer carries X-Linked-Etag, which is the file's SHA-256.
#ifndef CANDOR_STORE_HUB_H_
#define CANDOR_STORE_HUB_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/http_client.h"

namespace candor {

struct HubFile {
  std::string owner;
  std::string repository;
  std::string path;  // within the repository; ends in .gguf

  std::string reference() const { return "hf:" + owner + "/" + repository + "/" + path; }
};

// Throws UsageError naming what is wrong: not three segments or more, a character that no name has, "..", a file that
// is not .gguf, a later part of a split model.
HubFile ParseHubReference(const std::string& text);

// The file, or all parts of the split model that it is the first part of, in order.
std::vector<HubFile> HubParts(const HubFile& file);

// The address that `file` is fetched from. `endpoint` is "https://HOST" with or without a path.
HttpUrl HubUrl(const std::string& endpoint, const HubFile& file, bool allow_http);

// The SHA-256 that the hub itself (not the storage it redirects to) gives for the file at `url`; empty when it gives
// none. nullopt when `go_on` returned false. Throws IoError when the hub has no such file or wants a token.
std::optional<std::string> HubDigest(HttpClient& client, const HttpUrl& url, const std::string& bearer_token,
                                     bool allow_http, const std::function<bool()>& go_on);

}  // namespace candor

#endif  // CANDOR_STORE_HUB_H_
