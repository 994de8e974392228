// The tables of requests in tests/data/http.
#ifndef CANDOR_TESTS_SERVER_HTTP_TABLES_H_
#define CANDOR_TESTS_SERVER_HTTP_TABLES_H_

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/utf8.h"

namespace candor {

inline boost::json::array HttpTable(const std::string& name) {
  const std::string path = std::string(CANDOR_TEST_DATA) + "/http/" + name + ".json";
  return boost::json::parse(ReadWholeFile(path, 1 << 20)).at("requests").as_array();
}

// Each character is a byte.
inline std::string BytesOf(const boost::json::string& text) {
  std::string bytes;
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text, at);
    bytes += static_cast<char>(c.code);
    at += c.bytes;
  }
  return bytes;
}

inline std::string RequestBytes(const boost::json::value& row) {
  std::string bytes;
  for (const boost::json::value& part : row.at("request").as_array()) {
    if (part.is_string()) {
      bytes += BytesOf(part.as_string());
      continue;
    }
    for (int64_t i = 0; i < part.at(1).as_int64(); ++i) bytes += BytesOf(part.at(0).as_string());
  }
  return bytes;
}

inline std::string NameOf(const boost::json::value& row) { return std::string(row.at("name").as_string()); }

}  // namespace candor

#endif  // CANDOR_TESTS_SERVER_HTTP_TABLES_H_
