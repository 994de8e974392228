#include "tokenizer/byte_encoding.h"

#include <array>

#include "base/utf8.h"

namespace candor {
namespace {

constexpr uint32_t kSpellings = 256 + 68;

constexpr bool SpellsItself(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<uint16_t, 256> kSpelling = [] {
  std::array<uint16_t, 256> spelling{};
  uint16_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    spelling[byte] = SpellsItself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return spelling;
}();

constexpr std::array<int16_t, kSpellings> kByte = [] {
  std::array<int16_t, kSpellings> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (uint32_t byte = 0; byte < 256; ++byte) bytes[kSpelling[byte]] = static_cast<int16_t>(byte);
  return bytes;
}();

}  // namespace

char32_t SpellByte(uint8_t byte) { return kSpelling[byte]; }

std::optional<uint8_t> UnspellByte(char32_t code) {
  if (code >= kSpellings || kByte[code] < 0) return std::nullopt;
  return static_cast<uint8_t>(kByte[code]);
}

void SpellBytes(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) AppendUtf8(kSpelling[static_cast<uint8_t>(byte)], out);
}

bool UnspellBytes(std::string_view piece, std::string& out) {
  const size_t before = out.size();
  for (size_t pos = 0; pos < piece.size();) {
    if (piece[pos] > ' ' && piece[pos] < '\x7F') {
      out.push_back(piece[pos++]);
      continue;
    }
    const Utf8Char c = DecodeUtf8(piece, pos);
    const std::optional<uint8_t> byte = c.code != kInvalidUtf8 ? UnspellByte(c.code) : std::nullopt;
    if (!byte) {
      out.resize(before);
      return false;
    }
    out.push_back(static_cast<char>(*byte));
    pos += c.bytes;
  }
  return true;
}

}  // namespace candor
