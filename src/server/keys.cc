#include "server/keys.h"

#include <errno.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>

#include "base/error.h"
#include "base/hex.h"
#include "base/random_bytes.h"
#include "base/utf8.h"
#include "server/http_characters.h"

namespace candor {
namespace {

namespace json = boost::json;

constexpr size_t kSecretBytes = 32;
constexpr size_t kIdBytes = 6;
constexpr size_t kMaxTextBytes = 128;
constexpr size_t kMaxModels = 1000;
constexpr size_t kMaxPresentedBytes = 1024;
constexpr size_t kMaxDepth = 8;

// RFC 4648, section 5, without padding.
std::string Base64Url(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const std::byte byte : bytes) {
    bits = (bits << 8) | std::to_integer<uint32_t>(byte);
    for (count += 8; count >= 6; count -= 6) text += kDigits[(bits >> (count - 6)) & 63];
  }
  if (count > 0) text += kDigits[(bits << (6 - count)) & 63];
  return text;
}

Sha256Digest DigestOf(std::string_view text) {
  Sha256 sha;
  sha.Update(std::as_bytes(std::span(text)));
  return sha.Finish();
}

bool IsText(std::string_view text) { return !text.empty() && text.size() <= kMaxTextBytes && IsPrintable(text); }

[[noreturn]] void Fail(const std::string& source, const std::string& field, const char* expected) {
  throw FormatError(source + ": \"" + field + "\": expected " + expected);
}

std::string TextField(const json::object& object, const char* name, const std::string& source) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || !IsText(value->get_string())) {
    Fail(source, name, "a text of 1 to 128 printable bytes");
  }
  return std::string(value->get_string());
}

Sha256Digest DigestField(const json::object& object, const std::string& source) {
  const std::string text = TextField(object, "sha256", source);
  Sha256Digest digest;
  const bool wellformed = text.size() == 2 * digest.size() &&
                          std::all_of(text.begin(), text.end(), [](char c) { return HexDigitValue(c) >= 0; });
  if (!wellformed) Fail(source, "sha256", "64 hexadecimal digits");
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::byte>(HexDigitValue(text[2 * i]) * 16 + HexDigitValue(text[2 * i + 1]));
  }
  return digest;
}

std::vector<std::string> ModelsField(const json::object& object, const std::string& source) {
  const json::value* value = object.if_contains("models");
  if (value == nullptr || !value->is_array() || value->get_array().size() > kMaxModels) {
    // A missing list must not open every model.
    Fail(source, "models", "a list of at most 1000 names");
  }
  std::vector<std::string> models;
  for (const json::value& model : value->get_array()) {
    if (!model.is_string() || !IsText(model.get_string())) Fail(source, "models", "names of models");
    models.emplace_back(model.get_string());
  }
  return models;
}

ApiKey KeyFrom(const json::value& value, const std::string& source) {
  if (!value.is_object()) Fail(source, "keys", "a list of objects");
  const json::object& object = value.get_object();
  return {TextField(object, "id", source), TextField(object, "name", source), TextField(object, "created", source),
          DigestField(object, source), ModelsField(object, source)};
}

// Whether `text` is what `pattern` says, in which '*' stands for any text. One step back to the last '*' is enough, so
// that it takes at most the product of the lengths.
bool Matches(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

MadeApiKey MakeApiKey(const std::string& name, const std::vector<std::string>& models, const std::string& created) {
  if (!IsText(name)) throw UsageError("the name of a key: expected 1 to 128 printable bytes, found " + Quoted(name));
  if (models.size() > kMaxModels) throw UsageError("models: at most 1000 for one key");
  for (const std::string& model : models) {
    if (!IsText(model)) throw UsageError("models: " + Quoted(model) + " is no name of a model");
  }
  MadeApiKey made;
  made.secret = std::string(kApiKeyPrefix) + Base64Url(RandomNumber<std::array<std::byte, kSecretBytes>>());
  made.key = {"k_" + ToHex(RandomNumber<std::array<std::byte, kIdBytes>>()), name, created, DigestOf(made.secret),
              models};
  return made;
}

std::string WriteApiKeys(const std::vector<ApiKey>& keys) {
  const auto text = [](const std::string& value) { return json::serialize(json::value(value)); };
  std::string out = "{\n  \"keys\": [";
  for (const ApiKey& key : keys) {
    json::array models(key.models.begin(), key.models.end());
    out += &key == &keys.front() ? "\n" : ",\n";
    out += "    {\"id\": " + text(key.id) + ", \"name\": " + text(key.name) + ", \"created\": " + text(key.created) +
           ", \"models\": " + json::serialize(models) + ",\n     \"sha256\": \"" + ToHex(key.digest) + "\"}";
  }
  return out + "\n  ]\n}\n";
}

std::vector<ApiKey> ParseApiKeys(std::string_view text, const std::string& source) {
  if (text.size() > kMaxKeyFileBytes) throw FormatError(source + ": larger than a file of keys can be");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value parsed = json::parse(text, error, {}, options);
  if (error) throw FormatError(source + ": not JSON: " + error.message());
  const json::object* object = parsed.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("keys");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMaxApiKeys) {
    Fail(source, "keys", "a list of at most 10000 keys");
  }
  std::vector<ApiKey> keys;
  for (const json::value& key : list->get_array()) keys.push_back(KeyFrom(key, source));
  return keys;
}

const ApiKey* FindApiKey(const std::vector<ApiKey>& keys, std::string_view presented) {
  if (presented.size() > kMaxPresentedBytes) return nullptr;
  const Sha256Digest digest = DigestOf(presented);
  const ApiKey* found = nullptr;
  for (const ApiKey& key : keys) {
    if (CRYPTO_memcmp(key.digest.data(), digest.data(), digest.size()) == 0) found = &key;
  }
  return found;
}

std::optional<std::string_view> PresentedKey(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  if (const std::string* field = request.Find("authorization")) {
    if (!EqualWithoutCase(std::string_view(*field).substr(0, kScheme.size()), kScheme)) return std::nullopt;
    return TrimOws(std::string_view(*field).substr(kScheme.size()));
  }
  if (const std::string* field = request.Find("x-api-key")) return std::string_view(*field);
  return std::nullopt;
}

bool ModelsInclude(const std::vector<std::string>& models, std::string_view model) {
  return models.empty() ||
         std::any_of(models.begin(), models.end(), [&](const std::string& pattern) { return Matches(pattern, model); });
}

}  // namespace candor
