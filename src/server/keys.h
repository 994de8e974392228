// API keys: 256 random bits each, of which only the SHA-256 is kept. Pure, but for making one.
#ifndef CANDOR_SERVER_KEYS_H_
#define CANDOR_SERVER_KEYS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "server/exchange.h"

namespace candor {

inline constexpr std::string_view kApiKeyPrefix = "cnd_";
inline constexpr size_t kMaxKeyFileBytes = 4 << 20;
inline constexpr size_t kMaxApiKeys = 10'000;

struct ApiKey {
  std::string id;       // "k_" and 12 hexadecimal digits: what logs, and `candor keys revoke`, call it
  std::string name;     // by which its owner knows it
  std::string created;  // "2026-11-22T06:15:00Z"
  Sha256Digest digest{};
  std::vector<std::string> models;  // names, in which '*' stands for any text; empty = every model
};

struct MadeApiKey {
  ApiKey key;
  std::string secret;  // "cnd_" and 43 characters of base64url: shown once, kept nowhere
};

// Throws UsageError for a name or a model that cannot be: empty, not printable, longer than 128 bytes.
MadeApiKey MakeApiKey(const std::string& name, const std::vector<std::string>& models, const std::string& created);

// The file's text, JSON that people can read. ParseApiKeys throws FormatError naming `source` and the field.
std::string WriteApiKeys(const std::vector<ApiKey>& keys);
std::vector<ApiKey> ParseApiKeys(std::string_view text, const std::string& source);

// The key that `presented` is; null when it is none. Takes the same time whichever it is, and whether it is one.
const ApiKey* FindApiKey(const std::vector<ApiKey>& keys, std::string_view presented);

// What a request shows: "Authorization: Bearer KEY", or else "x-api-key: KEY". nullopt when it shows nothing.
std::optional<std::string_view> PresentedKey(const HttpRequest& request);

// Whether a key that is limited to `models` may use `model`.
bool ModelsInclude(const std::vector<std::string>& models, std::string_view model);

}  // namespace candor

#endif  // CANDOR_SERVER_KEYS_H_
