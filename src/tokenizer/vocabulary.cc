#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
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
  std::fill(slots_.begin(), slots_.end(), Slot{});
  for (size_t id = 0; id < size(); ++id) {
    const std::string_view piece = pieces_[id];
    if (piece.empty()) continue;
    const uint64_t hash = HashBytes(piece, seed);
    const Slot added{static_cast<TokenId>(id), static_cast<uint32_t>(hash)};
    size_t slot = SlotOf(hash, slots_.size());
    for (uint32_t probes = 0; slots_[slot].id != kNoToken; ++probes) {
      if (slots_[slot].tag == added.tag && Piece(slots_[slot].id) == piece) {
        throw FormatError(field + ": \"" + Printable(piece) + "\" has two ids, " + std::to_string(slots_[slot].id) +
                          " and " + std::to_string(id));
      }
      if (probes == kMaxProbes) return false;
      if (++slot == slots_.size()) slot = 0;
    }
    slots_[slot] = added;
  }
  return true;
}

TokenId Vocabulary::Find(std::string_view piece, TokenId hint) const {
  if (piece.empty() || piece.size() > longest_) return kNoToken;
  if (hint >= 0 && static_cast<size_t>(hint) < size() && Piece(hint) == piece) return hint;
  const uint64_t hash = HashBytes(piece, seed_);
  const auto tag = static_cast<uint32_t>(hash);
  for (size_t slot = SlotOf(hash, slots_.size()); slots_[slot].id != kNoToken;) {
    if (slots_[slot].tag == tag && Piece(slots_[slot].id) == piece) return slots_[slot].id;
    if (++slot == slots_.size()) slot = 0;
  }
  return kNoToken;
}

TokenId Vocabulary::FindOrdinary(std::string_view piece) const {
  const TokenId id = Find(piece);
  return id == kNoToken || IsControl(id) ? kNoToken : id;
}

}  // namespace candor
