// SentencePiece's file: small models written by hand after the wire format, and broken ones.
#include "tokenizer/sentence_piece_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes.push_back(static_cast<char>(value | 128));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
std::string Number(uint64_t field, uint64_t value) { return Varint(field << 3) + Varint(value); }
std::string Text(uint64_t field, const std::string& text) {
  return Varint(field << 3 | 2) + Varint(text.size()) + text;
}
std::string Float(uint64_t field, float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return Varint(field << 3 | 5) + bytes;
}
std::string Piece(const std::string& text, float score, uint64_t kind = 1) {
  return Text(1, Text(1, text) + Float(2, score) + (kind == 1 ? "" : Number(3, kind)));
}

const std::string kTrainer = Text(2, Number(3, 2) + Number(40, 0) + Number(41, 1) + Number(42, 2));
const std::string kNormalizer = Text(3, Text(1, "identity") + Number(3, 1) + Number(4, 0) + Number(5, 1));
const std::string kPieces = Piece("<unk>", 0, 2) + Piece("<s>", 0, 3) + Piece("</s>", 0, 3) +
                            Piece("\xE2\x96\x81", -3) + Piece("a", -1) + Piece("b", -2) + Piece("ab", 0) +
                            Piece(
                                "\xE2\x96\x81"
                                "ab",
                                1);

std::string RefusalOf(const std::string& model) {
  try {
    TokenizerFromSentencePiece(model, "tokenizer.model");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SentencePieceModel, PiecesScoresAndSettingsAreRead) {
  const auto tokenizer = TokenizerFromSentencePiece(kPieces + kTrainer + kNormalizer, "tokenizer.model");
  EXPECT_EQ(tokenizer->vocabulary_size(), 8u);
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  EXPECT_TRUE(tokenizer->IsControl(1));
  EXPECT_THAT(tokenizer->Encode("abb", false), ElementsAre(7, 5));  // the prefix's space joins
  EXPECT_TRUE(tokenizer->strips_leading_space());
  EXPECT_EQ(Decode(*tokenizer, {7, 5}), "abb");
}

TEST(SentencePieceModel, WithoutADummyPrefix) {
  const std::string plain = Text(3, Number(3, 0) + Number(4, 0));
  const auto tokenizer = TokenizerFromSentencePiece(plain + kTrainer + kPieces, "tokenizer.model");
  EXPECT_THAT(tokenizer->Encode("abb", false), ElementsAre(6, 5));
}

TEST(SentencePieceModel, OtherKindsAreUnsupported) {
  EXPECT_THAT(RefusalOf(kPieces + Text(2, Number(3, 1)) + kNormalizer), HasSubstr("model_type is 1 (unigram)"));
  EXPECT_THAT(RefusalOf(kPieces + kNormalizer), HasSubstr("unigram"));  // the format's default
  EXPECT_THAT(RefusalOf(kPieces + kTrainer + Text(3, Text(2, "map") + Number(4, 0))),
              HasSubstr("precompiled_charsmap"));
  EXPECT_THAT(RefusalOf(kPieces + kTrainer + Text(3, Number(3, 1))), HasSubstr("removes spaces"));
}

TEST(SentencePieceModel, BrokenBytesAreRefusedWithTheirPlace) {
  EXPECT_THAT(RefusalOf(""), HasSubstr("no pieces"));
  EXPECT_THAT(RefusalOf("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), HasSubstr("more than 10 bytes"));
  EXPECT_THAT(RefusalOf("\x0a"), AllOf(HasSubstr("byte 1"), HasSubstr("does not end")));
  EXPECT_THAT(RefusalOf("\x0a\x7f"
                        "abc"),
              AllOf(HasSubstr("length of 127"), HasSubstr("at most 3")));
  EXPECT_THAT(RefusalOf("\x0b"), HasSubstr("wire type 3"));
  EXPECT_THAT(RefusalOf(Number(1, 5)), HasSubstr("field 1 is no message"));
  EXPECT_THAT(RefusalOf(Text(1, Text(1, "a") + Number(3, 9)) + kTrainer + kNormalizer), HasSubstr("type 9"));
  EXPECT_THAT(RefusalOf(Text(1, "\x15\x01\x02")), HasSubstr("4 bytes that does not end"));
  const std::string whole = kPieces + kTrainer + kNormalizer;
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(RefusalOf(whole.substr(0, length)), "") << length;
  }
}

}  // namespace
}  // namespace candor
