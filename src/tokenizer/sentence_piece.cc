#include "tokenizer/sentence_piece.h"

namespace candor {
namespace {
constexpr std::string_view kDigits = "0123456789ABCDEF";
}

std::string NameOfByte(uint8_t byte) { return std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + '>'; }

std::optional<uint8_t> ByteOfName(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return std::nullopt;
  const size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(high << 4 | low);
}

std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  size_t done = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, done)) {
    out.append(text.substr(done, at - done));
    out.append(to);
    done = at + from.size();
  }
  out.append(text.substr(done));
  return out;
}

}  // namespace candor
