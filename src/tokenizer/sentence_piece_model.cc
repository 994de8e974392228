#include "tokenizer/sentence_piece_model.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"

namespace candor {
namespace {

// Numbers of the fields that are read.
enum ModelField { kPieces = 1, kTrainer = 2, kNormalizer = 3 };
enum PieceField { kPiece = 1, kScore = 2, kKind = 3 };
enum TrainerField { kModelType = 3, kUnknownId = 40, kBosId = 41, kEosId = 42, kPadId = 43 };
enum NormalizerField { kCharsMap = 2, kDummyPrefix = 3, kRemoveSpaces = 4, kEscapeSpaces = 5 };

constexpr uint64_t kUnigram = 1, kBpe = 2;
constexpr uint64_t kNormalKind = 1, kLastKind = 6;  // GGUF numbers its kinds as SentencePiece does
static_assert(static_cast<uint64_t>(TokenKind::kByte) == kLastKind);

// One field of a message: a number, or bytes.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;      // a varint, or the bits of a fixed-width number
  std::string_view bytes;  // where it is length-delimited
  bool has_bytes = false;
  size_t offset = 0;  // in the file
};

// The fields of one message, in order.
class Message {
 public:
  // `offset`: of the message in the file.
  Message(std::string_view bytes, size_t offset, const std::string& source)
      : bytes_(bytes), offset_(offset), source_(source) {}

  std::optional<Field> Next() {
    if (at_ == bytes_.size()) return std::nullopt;
    Field field;
    field.offset = offset_ + at_;
    const uint64_t tag = Varint();
    field.number = tag >> 3;
    switch (tag & 7) {
      case 0:
        field.value = Varint();
        break;
      case 1:
        field.value = Fixed(8);
        break;
      case 5:
        field.value = Fixed(4);
        break;
      case 2: {
        const uint64_t length = Varint();
        if (length > bytes_.size() - at_) {
          Refuse("a length of " + std::to_string(length) + ", at most " + std::to_string(bytes_.size() - at_) +
                 " expected, the bytes that are left");
        }
        field.offset = offset_ + at_;
        field.bytes = bytes_.substr(at_, length);
        field.has_bytes = true;
        at_ += length;
        break;
      }
      default:
        Refuse("wire type " + std::to_string(tag & 7) + ", 0, 1, 2 or 5 expected");
    }
    return field;
  }

  [[noreturn]] void Refuse(const std::string& problem) const {
    throw FormatError(source_ + ": at byte " + std::to_string(offset_ + at_) + ": " + problem);
  }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) Refuse("a number that does not end");
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    Refuse("a number of more than 10 bytes");
  }

  uint64_t Fixed(size_t width) {
    if (bytes_.size() - at_ < width) Refuse("a number of " + std::to_string(width) + " bytes that does not end");
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at_, width);
    at_ += width;
    return value;
  }

  std::string_view bytes_;
  size_t offset_;
  const std::string& source_;
  size_t at_ = 0;
};

class ModelReader {
 public:
  ModelReader(std::string_view bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  SentencePieceModel Read() {
    Message model(bytes_, 0, source_);
    while (const auto field = model.Next()) {
      const bool known = field->number == kPieces || field->number == kTrainer || field->number == kNormalizer;
      if (known && !field->has_bytes) model.Refuse("field " + std::to_string(field->number) + " is no message");
      if (field->number == kPieces) ReadPiece(*field);
      if (field->number == kTrainer) ReadTrainer(*field);
      if (field->number == kNormalizer) ReadNormalizer(*field);
    }
    if (model_.pieces.size() == 0) throw FormatError(source_ + ": no pieces; a SentencePiece model has some");
    if (model_type_ != kBpe) {
      throw UnsupportedError(source_ + ": trainer_spec.model_type is " + std::to_string(model_type_) +
                             (model_type_ == kUnigram ? " (unigram)" : "") +
                             ", which this version does not compute; it knows 2 (BPE)");
    }
    if (removes_spaces_ || !escapes_spaces_) {
      throw UnsupportedError(source_ +
                             ": normalizer_spec removes spaces or does not escape them; this version computes "
                             "remove_extra_whitespaces = false and escape_whitespaces = true");
    }
    return std::move(model_);
  }

 private:
  void ReadPiece(const Field& piece) {
    Message message(piece.bytes, piece.offset, source_);
    std::string_view text;
    uint64_t kind = kNormalKind;
    float score = 0.0f;
    while (const auto field = message.Next()) {
      if (field->number == kPiece) {
        if (!field->has_bytes) message.Refuse("a piece that is no text");
        text = field->bytes;
      } else if (field->number == kScore) {
        const auto bits = static_cast<uint32_t>(field->value);
        std::memcpy(&score, &bits, sizeof score);
      } else if (field->number == kKind) {
        kind = field->value;
      }
    }
    if (kind < kNormalKind || kind > kLastKind) {
      message.Refuse("a piece of type " + std::to_string(kind) + ", 1 to " + std::to_string(kLastKind) + " expected");
    }
    model_.pieces.Append(text);
    model_.scores.push_back(score);
    model_.kinds.push_back(static_cast<TokenKind>(kind));
  }

  void ReadTrainer(const Field& trainer) {
    Message message(trainer.bytes, trainer.offset, source_);
    while (const auto field = message.Next()) {
      const auto id = static_cast<int32_t>(field->value);  // negative: there is none
      if (field->number == kModelType) model_type_ = field->value;
      if (field->number == kUnknownId) model_.unknown = id;
      if (field->number == kBosId) model_.bos = id;
      if (field->number == kEosId) model_.eos = id;
    }
  }

  void ReadNormalizer(const Field& normalizer) {
    Message message(normalizer.bytes, normalizer.offset, source_);
    while (const auto field = message.Next()) {
      if (field->number == kCharsMap && !field->bytes.empty()) {
        throw UnsupportedError(source_ +
                               ": normalizer_spec.precompiled_charsmap is not empty: "
                               "normalizers that change characters are not computed by this version");
      }
      if (field->number == kDummyPrefix) model_.dummy_prefix = field->value != 0;
      if (field->number == kRemoveSpaces) removes_spaces_ = field->value != 0;
      if (field->number == kEscapeSpaces) escapes_spaces_ = field->value != 0;
    }
  }

  std::string_view bytes_;
  const std::string& source_;
  SentencePieceModel model_;
  uint64_t model_type_ = kUnigram;
  // The format's defaults.
  bool removes_spaces_ = true, escapes_spaces_ = true;
};

}  // namespace

SentencePieceModel ParseSentencePieceModel(std::string_view bytes, const std::string& source) {
  return ModelReader(bytes, source).Read();
}

}  // namespace candor
