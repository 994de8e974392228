#include "tokenizer/pipeline.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"
#include "tokenizer/hash.h"

namespace candor {
namespace {

// End-of-turn names of published vocabularies.
constexpr std::string_view kEndTokenNames[] = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<|end_of_turn|>",
    "<|end_of_role|>",
    "<|EOT|>",
    "<|return|>",
    "<|call|>",
    "<|end|>",
    "<end_of_turn>",
    "<EOT>",
    "<eos>",
    "[EOT]",
    "<|eot|>",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
};

// The tokens of pieces that were met before in the same call, as places in its output. One slot a hash: a later piece
// drives out an earlier one.
class PieceCache {
 public:
  // Appends the tokens of `piece` to `out` when they are known.
  bool Recall(std::string_view piece, uint64_t hash, std::vector<TokenId>& out) const {
    if (slots_.empty() || piece.size() > kMaxBytes) return false;
    const Slot& slot = slots_[hash % kSlots];
    if (slot.bytes != piece.size() || std::memcmp(slot.text, piece.data(), piece.size()) != 0) return false;
    for (uint32_t i = 0; i < slot.tokens; ++i) out.push_back(out[slot.first + i]);
    return true;
  }
  // Notes that the tokens of `piece` are those of `out` from `first` on.
  void Note(std::string_view piece, uint64_t hash, size_t first, const std::vector<TokenId>& out) {
    if (piece.size() > kMaxBytes || out.size() > std::numeric_limits<uint32_t>::max()) return;
    if (slots_.empty()) slots_.resize(kSlots);
    Slot& slot = slots_[hash % kSlots];
    slot.bytes = static_cast<uint32_t>(piece.size());
    std::memcpy(slot.text, piece.data(), piece.size());
    slot.first = static_cast<uint32_t>(first);
    slot.tokens = static_cast<uint32_t>(out.size() - first);
  }

 private:
  static constexpr size_t kSlots = 4096, kMaxBytes = 52;
  struct Slot {
    uint32_t bytes = 0, first = 0, tokens = 0;
    char text[kMaxBytes];
  };
  std::vector<Slot> slots_;
};

class Pipeline : public Tokenizer {
 public:
  explicit Pipeline(PipelineParts parts) : parts_(std::move(parts)) {
    const Vocabulary& vocabulary = *parts_.vocabulary;
    vocabulary_size_ = vocabulary.size();
    bos_ = parts_.bos;
    eos_ = parts_.eos;
    add_bos_ = parts_.add_bos;
    add_eos_ = parts_.add_eos;
    strips_leading_space_ = parts_.strips_leading_space;
    if (eos_) end_tokens_.push_back(*eos_);
    for (const TokenId id : parts_.more_end_tokens) AddEndToken(id);
    // A dialogue of gpt-oss has <|end|> after each of several messages of one answer.
    const bool many_messages = Find("<|return|>") && Find("<|call|>");
    for (const std::string_view name : kEndTokenNames) {
      const TokenId id = vocabulary.Find(name);
      if (id != kNoToken && IsSpecial(id) && !(many_messages && name == "<|end|>")) AddEndToken(id);
    }
  }

  std::vector<TokenId> DoEncode(std::string_view text, bool parse_special,
                                std::span<const size_t> literal) const override {
    if (text.size() > kMaxTextBytes) {
      throw LimitError("a text of " + std::to_string(text.size()) + " bytes is too long to be tokenized, at most " +
                       std::to_string(kMaxTextBytes) + " are");
    }
    Encoding encoding{*this, {parse_special, literal}, text.size() >= kCachedTextBytes};
    encoding.out.reserve(text.size() / 4 + 4);
    encoding.Run(text);
    return std::move(encoding.out);
  }

  std::string_view Bytes(TokenId id) const override { return parts_.vocabulary->Bytes(id); }
  std::string_view Piece(TokenId id) const override { return parts_.vocabulary->Piece(id); }
  bool IsSpecial(TokenId id) const override {
    return IsControl(id) || parts_.vocabulary->Kind(id) == TokenKind::kUserDefined;
  }
  bool IsControl(TokenId id) const override { return parts_.vocabulary->IsControl(id); }
  std::optional<TokenId> Find(std::string_view piece) const override {
    const TokenId id = parts_.vocabulary->Find(piece);
    return id == kNoToken ? std::nullopt : std::optional(id);
  }

 private:
  // Positions within a text are 32 bits wide, and normalization may make it longer.
  static constexpr size_t kMaxTextBytes = size_t{256} << 20;
  static constexpr size_t kCachedTextBytes = 512;

  // One call of Encode.
  struct Encoding {
    const Pipeline& tokenizer;
    AddedTokens::Control control;
    bool cached;
    std::vector<TokenId> out = {};
    EncodeScratch scratch = {};
    PieceCache cache = {};
    std::string buffer = {}, space_buffer = {};

    void Run(std::string_view text) {
      const PipelineParts& parts = tokenizer.parts_;
      const auto push = [this](TokenId id) { out.push_back(id); };
      parts.added.Partition(text, control, push, [&](std::string_view part, size_t begin) {
        // Normalization moves places: in a part with guarded ones no control token counts.
        const auto guarded = std::ranges::lower_bound(control.literal, begin);
        const bool free = guarded == control.literal.end() || *guarded >= begin + part.size();
        const std::string_view normalized = parts.normalizer.Apply(part, begin == 0, buffer);
        parts.added_normalized.Partition(
            normalized, {control.counts && free}, push, [&](std::string_view rest, size_t at) {
              const std::string_view spaced = parts.space_rule.Apply(rest, begin == 0 && at == 0, space_buffer);
              ForEachPiece(parts.splitters, spaced, [this](std::string_view piece) { EncodePiece(piece); });
            });
      });
    }

    void EncodePiece(std::string_view piece) {
      if (!cached) {
        tokenizer.parts_.model->Encode(piece, scratch, out);
        return;
      }
      const uint64_t hash = HashBytes(piece.substr(0, 64), 0);
      if (cache.Recall(piece, hash, out)) return;
      const size_t first = out.size();
      tokenizer.parts_.model->Encode(piece, scratch, out);
      cache.Note(piece, hash, first, out);
    }
  };

  void AddEndToken(TokenId id) {
    if (std::find(end_tokens_.begin(), end_tokens_.end(), id) == end_tokens_.end()) end_tokens_.push_back(id);
  }

  PipelineParts parts_;
};

}  // namespace

std::unique_ptr<Tokenizer> MakePipeline(PipelineParts parts) { return std::make_unique<Pipeline>(std::move(parts)); }

}  // namespace candor
