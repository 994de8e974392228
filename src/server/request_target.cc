#include "server/request_target.h"

#include <algorithm>

#include "base/utf8.h"
#include "server/http_characters.h"
#include "server/http_refusal.h"

namespace candor {
namespace {

bool IsPathCharacter(char c) {  // pchar and '/', without '%'
  return IsHttpDigit(c) || IsHttpLetter(c) || std::string_view("-._~!$&'()*+,;=:@/").find(c) != std::string_view::npos;
}

bool IsQueryCharacter(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("\"<>#").find(c) == std::string_view::npos;
}

// The byte that "%XX" at text[at] stands for.
char DecodeEscape(std::string_view text, size_t at) {
  const int high = at + 1 < text.size() ? HexDigitValue(text[at + 1]) : -1;
  const int low = at + 2 < text.size() ? HexDigitValue(text[at + 2]) : -1;
  if (high < 0 || low < 0) throw HttpRefusal(400, "the target has a '%' without two hexadecimal digits");
  return static_cast<char>(high * 16 + low);
}

std::string DecodePath(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const char c = DecodeEscape(text, i);
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        throw HttpRefusal(400, "the path has an escaped control character");
      }
      path += c;
      i += 2;
    } else if (IsPathCharacter(text[i])) {
      path += text[i];
    } else {
      throw HttpRefusal(400, "the path has a character that must be escaped");
    }
  }
  if (!IsValidUtf8(path)) throw HttpRefusal(400, "the path is not UTF-8");
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = std::string_view(path).substr(at, end - at);
    if (segment == "/." || segment == "/..") throw HttpRefusal(400, "the path has a segment \".\" or \"..\"");
    at = end;
  }
  return path;
}

void CheckQuery(std::string_view query) {
  for (size_t i = 0; i < query.size(); ++i) {
    if (query[i] == '%') {
      DecodeEscape(query, i);
    } else if (!IsQueryCharacter(query[i])) {
      throw HttpRefusal(400, "the query has a character that must be escaped");
    }
  }
}

// Takes "http://host:port" off an absolute target.
std::optional<HostPort> TakeAuthority(std::string_view& target) {
  const size_t colon = target.find("://");
  const std::string_view scheme = target.substr(0, std::min(colon, target.size()));
  if (colon == std::string_view::npos || !(EqualWithoutCase(scheme, "http") || EqualWithoutCase(scheme, "https"))) {
    throw HttpRefusal(400, "the target is neither a path from \"/\" nor an http address");
  }
  target.remove_prefix(colon + 3);
  const size_t end = std::min(target.find_first_of("/?#"), target.size());
  const std::optional<HostPort> authority = ParseHostPort(target.substr(0, end));
  if (!authority) throw HttpRefusal(400, "the target's host is not well-formed");
  target.remove_prefix(end);
  return authority;
}

}  // namespace

RequestTarget ParseRequestTarget(std::string_view method, std::string_view target) {
  if (method == "CONNECT") throw HttpRefusal(501, "this server is no proxy");
  RequestTarget parsed;
  if (target == "*") {
    if (method != "OPTIONS") throw HttpRefusal(400, "the target \"*\" goes with OPTIONS alone");
    parsed.path = target;
    return parsed;
  }
  if (target.empty()) throw HttpRefusal(400, "the request line has no target");
  if (target[0] != '/') parsed.authority = TakeAuthority(target);
  if (target.find('#') != std::string_view::npos) throw HttpRefusal(400, "the target has a fragment");
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  parsed.path = DecodePath(path.empty() ? "/" : path);
  if (question < target.size()) {
    parsed.query = target.substr(question + 1);
    CheckQuery(parsed.query);
  }
  return parsed;
}

}  // namespace candor
