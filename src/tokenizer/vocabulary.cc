#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "tokenizer/hash.h"

namespace candor {

Vocabulary::Vocabulary(StringTable pieces, StringTable bytes, std::vector<TokenKind> kinds, const std::string& field)
    : pieces_(std::move(pieces)), bytes_(std::move(bytes)), kinds_(std::move(kinds)) {
  CHECK(pieces_.size() == kinds_.size() && bytes_.size() == kinds_.size());
  slots_.resize(size() + size() / 2 + 1);
  while (!Index(seed_, field)) {
    if (++seed_ == kHashSeeds) throw FormatError(field + ": the pieces collide in every hash table that was tried");
  }
  for (size_t id = 0; id < size(); ++id) longest_ = std::max(longest_, pieces_[id].size());
}

bool Vocabulary::Index(uint64_t seed, const std::string& field) {
  std::fill(slots_.begin(), slots_.end(), kNoToken);
  for (size_t id = 0; id < size(); ++id) {
    const std::string_view piece = pieces_[id];
    if (piece.empty()) continue;
    size_t slot = SlotOf(HashBytes(piece, seed), slots_.size());
    for (uint32_t probes = 0; slots_[slot] != kNoToken; ++probes) {
      if (Piece(slots_[slot]) == piece) {
        throw FormatError(field + ": \"" + std::string(piece.substr(0, 80)) + "\" has two ids, " +
                          std::to_string(slots_[slot]) + " and " + std::to_string(id));
      }
      if (probes == kMaxProbes) return false;
      if (++slot == slots_.size()) slot = 0;
    }
    slots_[slot] = static_cast<TokenId>(id);
  }
  return true;
}

TokenId Vocabulary::Find(std::string_view piece) const {
  if (piece.empty() || piece.size() > longest_) return kNoToken;
  size_t slot = SlotOf(HashBytes(piece, seed_), slots_.size());
  while (slots_[slot] != kNoToken) {
    if (Piece(slots_[slot]) == piece) return slots_[slot];
    if (++slot == slots_.size()) slot = 0;
  }
  return kNoToken;
}

}  // namespace candor
