// The few header fields that a download depends on. Pure functions of text that a server sent.
#ifndef CANDOR_STORE_HTTP_FIELDS_H_
#define CANDOR_STORE_HTTP_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace candor {

// "bytes 5-9/10" (RFC 9110, 14.4): begin 5, end 10, total 10. "bytes */10", which goes with status 416: neither begin
// nor end.
struct ContentRange {
  std::optional<uint64_t> begin;
  std::optional<uint64_t> end;    // beyond the last byte
  std::optional<uint64_t> total;  // absent for "*"
};

// nullopt for anything that is not a byte range, or one that contradicts itself.
std::optional<ContentRange> ParseContentRange(std::string_view value);

// A decimal number without sign or leading '+' that fits.
std::optional<uint64_t> ParseDecimal(std::string_view text);

// The SHA-256 in an entity tag that is one ("\"b179...\"", quotes and W/ optional); empty for any other tag.
std::string Sha256FromEtag(std::string_view value);

// Whether an entity tag may be sent back in If-Range: quoted, printable and not weak.
bool IsStrongEtag(std::string_view value);

// The name, in lower case, and the trimmed value of a header line; nullopt when it is none.
struct HeaderField {
  std::string name;
  std::string value;
};
std::optional<HeaderField> ParseHeaderLine(std::string_view line);

}  // namespace candor

#endif  // CANDOR_STORE_HTTP_FIELDS_H_
