#include "store/model_record.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

namespace json = boost::json;

constexpr size_t kMaxDepth = 8;
constexpr size_t kMaxText = 16 << 10;  // an address is at most 8 KiB

[[noreturn]] void Fail(const std::string& source_name, const std::string& what) {
  throw FormatError(source_name + ": " + what);
}

std::string StringField(const json::object& object, const char* key, const std::string& source_name) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) Fail(source_name, std::string("\"") + key + "\": expected a string");
  const std::string text(value->get_string());
  // It will be shown on terminals.
  if (!IsPrintable(text)) Fail(source_name, std::string("\"") + key + "\": control characters");
  if (text.size() > kMaxText) Fail(source_name, std::string("\"") + key + "\": too long");
  return text;
}

ModelRecord::FileRecord FileFrom(const json::value& value, const std::string& source_name) {
  if (!value.is_object()) Fail(source_name, "\"files\": expected objects");
  const json::object& object = value.get_object();
  ModelRecord::FileRecord file;
  file.name = StringField(object, "name", source_name);
  file.sha256 = StringField(object, "sha256", source_name);
  if (!IsSha256Hex(file.sha256)) Fail(source_name, "\"sha256\": expected 64 lower-case hexadecimal digits");
  const json::value* bytes = object.if_contains("bytes");
  if (bytes == nullptr || !bytes->is_int64() || bytes->get_int64() < 0) {
    Fail(source_name, "\"bytes\": expected a number, 0 or more");
  }
  file.bytes = static_cast<uint64_t>(bytes->get_int64());
  return file;
}

// "2026-11-22T06:15:00Z"
bool IsTime(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00Z";
  return std::equal(text.begin(), text.end(), kPattern.begin(), kPattern.end(),
                    [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; });
}

// A JSON string literal.
std::string JsonString(const std::string& text) { return json::serialize(json::value(text)); }

}  // namespace

bool IsSha256Hex(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string WriteModelRecord(const ModelRecord& record) {
  std::string out = "{\n  \"source\": " + JsonString(record.source) +
                    ",\n  \"installed\": " + JsonString(record.installed) +
                    ",\n  \"verified\": " + (record.verified ? "true" : "false") + ",\n  \"files\": [";
  for (size_t i = 0; i < record.files.size(); ++i) {
    const ModelRecord::FileRecord& file = record.files[i];
    out += i == 0 ? "\n" : ",\n";
    out += "    {\"name\": " + JsonString(file.name) + ", \"bytes\": " + std::to_string(file.bytes) +
           ", \"sha256\": " + JsonString(file.sha256) + "}";
  }
  return out + "\n  ]\n}\n";
}

ModelRecord ParseModelRecord(std::string_view text, const std::string& source_name) {
  if (text.size() > kMaxModelRecordBytes) Fail(source_name, "larger than a record can be");
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value parsed = json::parse(text, error, {}, options);
  if (error) Fail(source_name, "not JSON: " + error.message());
  if (!parsed.is_object()) Fail(source_name, "expected a JSON object");
  const json::object& object = parsed.get_object();

  ModelRecord record;
  record.source = StringField(object, "source", source_name);
  record.installed = StringField(object, "installed", source_name);
  if (!IsTime(record.installed)) Fail(source_name, "\"installed\": expected a time such as 2026-11-22T06:15:00Z");
  const json::value* verified = object.if_contains("verified");
  if (verified == nullptr || !verified->is_bool()) Fail(source_name, "\"verified\": expected true or false");
  record.verified = verified->get_bool();
  const json::value* files = object.if_contains("files");
  if (files == nullptr || !files->is_array() || files->get_array().empty()) {
    Fail(source_name, "\"files\": expected a list that is not empty");
  }
  for (const json::value& file : files->get_array()) record.files.push_back(FileFrom(file, source_name));
  return record;
}

}  // namespace candor
