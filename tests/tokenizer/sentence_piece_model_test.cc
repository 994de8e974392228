// SentencePiece's file: small models written by hand after the wire format, and broken ones.
#include "tokenizer/sentence_piece_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

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

std::string RefusalOf(const std::string& model, const std::string& config = "") {
  try {
    TokenizerFromSentencePiece(model, config, "tokenizer.model");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(SentencePieceModel, PiecesScoresAndSettingsAreRead) {
  const auto tokenizer = TokenizerFromSentencePiece(kPieces + kTrainer + kNormalizer, "", "tokenizer.model");
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
  const auto tokenizer = TokenizerFromSentencePiece(plain + kTrainer + kPieces, "", "tokenizer.model");
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

std::unique_ptr<Tokenizer> With(const std::string& config, const std::string& more_pieces = "") {
  return TokenizerFromSentencePiece(kPieces + more_pieces + kTrainer + kNormalizer, config, "tokenizer.model");
}

TEST(TokenizerConfig, TokensTheVocabularyLacksAreTakenIn) {
  const auto tokenizer = With(R"({"added_tokens_decoder": {
      "9": {"content": "ba", "special": false},
      "8": {"content": "<|im_end|>", "special": true},
      "11": {"content": "<|pad|>", "special": true, "lstrip": true}}})");
  EXPECT_EQ(tokenizer->vocabulary_size(), 12u);
  EXPECT_THAT(tokenizer->Encode("abb<|im_end|>", true), ElementsAre(7, 5, 8));
  EXPECT_THAT(tokenizer->Encode("abba", false), ElementsAre(7, 9));
  EXPECT_THAT(tokenizer->Encode("ab  <|pad|>", true), ElementsAre(7, 11));
  EXPECT_THAT(tokenizer->Encode("<|im_end|>", false), ::testing::Not(::testing::Contains(8)));
  EXPECT_TRUE(tokenizer->IsControl(8));
  EXPECT_TRUE(tokenizer->IsSpecial(9));
  EXPECT_FALSE(tokenizer->IsControl(9));
  EXPECT_EQ(tokenizer->Piece(10), "");
  EXPECT_THAT(tokenizer->end_tokens(), ElementsAre(2, 8));
}

TEST(TokenizerConfig, AnotherTextAtAnIdCountsBeforeThePiece) {
  const auto tokenizer =
      With(R"({"added_tokens_decoder": {"8": {"content": "<tool>", "special": true}}})", Piece("<extra_0>", 0, 4));
  EXPECT_EQ(tokenizer->vocabulary_size(), 9u);
  EXPECT_EQ(tokenizer->Piece(8), "<tool>");
  EXPECT_THAT(tokenizer->Encode("ab<tool>", true), ElementsAre(7, 8));
  EXPECT_EQ(tokenizer->Find("<extra_0>"), std::nullopt);
}

TEST(TokenizerConfig, PiecesOfTheVocabularyBecomeWhatTheConfigurationCallsThem) {
  const auto tokenizer = With(R"({"added_tokens_decoder": {
      "0": {"content": "<unk>", "special": true}, "1": {"content": "<s>", "special": false},
      "8": {"content": "[A]", "special": true}, "9": {"content": "[B]"}, "10": {"content": "<0x0A>"}}})",
                              Piece("[A]", -9) + Piece("[B]", -9) + Piece("<0x0A>", 0, 6));
  EXPECT_TRUE(tokenizer->IsControl(0));
  EXPECT_TRUE(tokenizer->IsControl(1));  // the model's own control token stays one
  EXPECT_TRUE(tokenizer->IsControl(8));
  EXPECT_THAT(tokenizer->Encode("ab[A]", true), ElementsAre(7, 8));
  EXPECT_THAT(tokenizer->Encode("ab[B]", false), ElementsAre(7, 9));
  EXPECT_FALSE(tokenizer->IsSpecial(10));
  EXPECT_THAT(tokenizer->Encode("ab\n", false), ElementsAre(7, 10));
}

TEST(TokenizerConfig, BeginningAndEndFollowIt) {
  EXPECT_TRUE(With("")->add_bos());
  EXPECT_FALSE(With("")->add_eos());
  const auto turned = With(R"({"add_bos_token": false, "add_eos_token": true})");
  EXPECT_FALSE(turned->add_bos());
  EXPECT_TRUE(turned->add_eos());
  EXPECT_TRUE(With(R"({"add_bos_token": null})")->add_bos());
  const auto named = With(R"({"bos_token": {"content": "</s>"}, "eos_token": "<|end|>", "pad_token": "[PAD]",
                             "added_tokens_decoder": {"8": {"content": "<|end|>", "special": true}}})");
  EXPECT_EQ(named->bos(), 2);
  EXPECT_EQ(named->eos(), 8);
  EXPECT_EQ(With(R"({"bos_token": "", "eos_token": null})")->bos(), 1);
}

TEST(TokenizerConfig, TokensWithoutAnIdAreUnsupported) {
  const std::string whole = kPieces + kTrainer + kNormalizer;
  for (const auto& [field, value] :
       {std::pair("eos_token", R"("<|end|>")"), std::pair("bos_token", R"({"content": "<|end|>"})"),
        std::pair("additional_special_tokens[1]", R"(["<s>", "<|end|>"])")}) {
    const std::string member(field, std::min(std::string_view(field).find('['), std::string_view(field).size()));
    EXPECT_THAT(RefusalOf(whole, "{\"" + member + "\": " + value + "}"),
                AllOf(HasSubstr("tokenizer_config.json"), HasSubstr(field), HasSubstr("\"<|end|>\" has no id"),
                      HasSubstr("needs a tokenizer.json")));
  }
  EXPECT_THAT(RefusalOf(whole, R"({"added_tokens_decoder": {"8": {"content": "abc", "single_word": true}}})"),
              AllOf(HasSubstr("added_tokens_decoder.8.single_word"), HasSubstr("needs a tokenizer.json")));
  EXPECT_THROW(With(R"({"eos_token": "<|end|>"})"), UnsupportedError);
}

TEST(TokenizerConfig, HostileValuesAreRefusedWithTheirField) {
  const auto refusal = [](const std::string& config) { return RefusalOf(kPieces + kTrainer + kNormalizer, config); };
  const auto decoder = [&](const std::string& tokens) {
    const std::string said = refusal("{\"added_tokens_decoder\": " + tokens + "}");
    EXPECT_THAT(said, AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("added_tokens_decoder"))) << tokens;
    return said;
  };
  for (const char* id : {"-1", "08", "2147483648", "99999999999999999999", "", "8 ", "+8", "x", "\\u001b[2J"}) {
    EXPECT_THAT(decoder("{\"" + std::string(id) + "\": {\"content\": \"x\"}}"),
                HasSubstr("the id of a token expected"));
  }
  EXPECT_THAT(decoder(R"({"2147483647": {"content": "x"}})"), HasSubstr("an id of at most 65545"));
  EXPECT_THAT(decoder(R"({"8": {"content": "x"}, "8": {"content": "y"}})"),
              HasSubstr("\"added_tokens_decoder.8\" appears twice"));
  EXPECT_THAT(refusal(R"({"added_tokens_decoder": {"8": {"content": "x"}, "9": {"content": "x"}}})"),
              AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("\"x\" has two ids"), HasSubstr("8 and 9")));
  EXPECT_THAT(refusal(R"({"added_tokens_decoder": {"8": {"content": "ab"}}})"), HasSubstr("6 and 8"));
  EXPECT_THAT(decoder("[]"), HasSubstr("an object expected"));
  EXPECT_THAT(decoder(R"({"8": "x"})"), HasSubstr("an object expected"));
  EXPECT_THAT(decoder(R"({"8": {}})"), HasSubstr("8.content: missing"));
  EXPECT_THAT(decoder(R"({"8": {"content": ""}})"), HasSubstr("8.content"));
  EXPECT_THAT(decoder(R"({"8": {"content": 1}})"), HasSubstr("a string expected"));
  EXPECT_THAT(decoder(R"({"8": {"content": "x", "special": 1}})"), HasSubstr("true or false expected"));
  EXPECT_THAT(decoder("{\"8\": {\"content\": \"" + std::string(513, 'x') + "\"}}"),
              HasSubstr("8.content: 513 bytes, at most 512"));
  EXPECT_THAT(refusal("{\"add_bos_token\": 1}"), HasSubstr("add_bos_token"));
  EXPECT_THAT(refusal("{\"additional_special_tokens\": {}}"), HasSubstr("additional_special_tokens"));
  EXPECT_THAT(refusal("{\"bos_token\": [1]}"), HasSubstr("bos_token"));
  EXPECT_THAT(refusal("[1"), HasSubstr("tokenizer_config.json"));
  EXPECT_THAT(refusal("[]"), HasSubstr("an object expected"));
}

TEST(SentencePieceModel, MessagesNameTheFilesOwnFields) {
  const std::string trainer = Text(2, Number(3, 2) + Number(41, 99));
  EXPECT_THAT(RefusalOf(kPieces + trainer + kNormalizer),
              AllOf(HasSubstr("\"trainer_spec.bos_id\""), HasSubstr("found 99")));
  EXPECT_THAT(RefusalOf(kPieces + Piece("ab", 0) + kTrainer + kNormalizer),
              HasSubstr("tokenizer.model: pieces: \"ab\" has two ids"));
  EXPECT_THAT(RefusalOf(kPieces + Piece("c", std::numeric_limits<float>::infinity()) + kTrainer + kNormalizer),
              HasSubstr("pieces.score: inf at index 8"));
  EXPECT_THAT(RefusalOf(kPieces + Piece("c", 0, 6) + kTrainer + kNormalizer), HasSubstr("is a byte by pieces.type"));
  EXPECT_THAT(
      RefusalOf(kPieces + Text(2, Number(3, 2) + Number(42, ~uint64_t{0})) + kNormalizer, R"({"add_eos_token": true})"),
      AllOf(HasSubstr("add_eos_token of its tokenizer_config.json"), HasSubstr("no trainer_spec.eos_id")));
}

}  // namespace
}  // namespace candor
