// Tokenizers from GGUF metadata: their rules, and the ways in which the metadata can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/error.h"
#include "tokenizer/small_vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<TokenId>;

template <class Error = FormatError>
void ExpectRefused(const Metadata& metadata, const std::string& message) {
  try {
    TokenizerFromGguf(metadata);
    ADD_FAILURE() << "accepted, although: " << message;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(GgufByteLevel, MergesAndSpecialTokens) {
  const auto tokenizer = TokenizerFromGguf(SmallByteLevel("gpt-2"));
  EXPECT_EQ(tokenizer->Encode("abc ab", true), (Ids{257, 258}));
  EXPECT_EQ(tokenizer->Encode("<end>\xFF<tool>", true), (Ids{259, 255, 260}));
  EXPECT_EQ(tokenizer->Encode("<end>", false), (Ids{'<', 'e', 'n', 'd', '>'}));
  EXPECT_EQ(tokenizer->Encode("<tool>", false), (Ids{260}));
  EXPECT_EQ(tokenizer->Piece(258), "Ġab");
  EXPECT_EQ(tokenizer->Bytes(258), " ab");
  EXPECT_EQ(tokenizer->Find("Ġab"), 258);
  EXPECT_EQ(tokenizer->Find("zzz"), std::nullopt);
  EXPECT_EQ(tokenizer->bos(), 259);
  EXPECT_EQ(tokenizer->eos(), 259);
  EXPECT_EQ(tokenizer->end_tokens(), Ids{259});
  EXPECT_FALSE(tokenizer->add_bos());
}

TEST(GgufByteLevel, EveryTextComesBack) {
  const auto tokenizer = TokenizerFromGguf(SmallByteLevel("llama-bpe"));
  std::string every;
  for (int i = 0; i < 256; ++i) every += std::string("ab c") + static_cast<char>(i);
  for (const std::string& text : {every, std::string(5000, 'a'), std::string("\0a\0", 3), std::string("é\xC3😀")}) {
    std::string bytes;
    for (const TokenId id : tokenizer->Encode(text, false)) bytes += tokenizer->Bytes(id);
    EXPECT_EQ(bytes, text);
  }
}

TEST(GgufByteLevel, NoTextMakesAControlTokenBySpellingIt) {
  // abc becomes a control token: neither its merge nor the whole piece, which Llama 3 looks up first, may yield it.
  for (const char* pre : {"gpt-2", "llama-bpe"}) {
    Metadata metadata = SmallByteLevel(pre);
    std::vector<int32_t> types(261, 1);
    types[257] = 3;
    metadata.Remove("tokenizer.ggml.token_type");
    metadata.Add("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, types));
    EXPECT_EQ(TokenizerFromGguf(metadata)->Encode("abc", false), (Ids{256, 'c'})) << pre;
    EXPECT_EQ(TokenizerFromGguf(metadata)->Encode("abc", true), Ids{257}) << pre;
  }
}

TEST(GgufByteLevel, Llama3AddsBosUnlessTheFileSaysNo) {
  EXPECT_TRUE(TokenizerFromGguf(SmallByteLevel("llama-bpe"))->add_bos());
  Metadata metadata = SmallByteLevel("llama-bpe");
  metadata.Add("tokenizer.ggml.add_bos_token", false);
  EXPECT_FALSE(TokenizerFromGguf(metadata)->add_bos());
}

TEST(GgufByteLevel, BrokenMetadataIsRefusedByItsKey) {
  ExpectRefused<UnsupportedError>(SmallByteLevel("nonsense"), "tokenizer.ggml.pre: the pre-tokenizer \"nonsense\"");
  const auto with = [](std::string_view key, MetadataValue value) {
    Metadata metadata = SmallByteLevel("gpt-2");
    metadata.Remove(key);
    metadata.Add(std::string(key), std::move(value));
    return metadata;
  };
  ExpectRefused<UnsupportedError>(with("tokenizer.ggml.model", std::string("bert")), "known are gpt2");
  ExpectRefused(with("tokenizer.ggml.tokens", StringTable()), "tokenizer.ggml.tokens: 0 tokens");
  ExpectRefused(with("tokenizer.ggml.tokens", Strings({"a", "b", "a"})), "3 expected");  // of the token types
  ExpectRefused(with("tokenizer.ggml.tokens", uint64_t{3}), "tokenizer.ggml.tokens");
  ExpectRefused(with("tokenizer.ggml.merges", Strings({"a b", "ab"})), "tokenizer.ggml.merges: \"ab\" at index 1");
  ExpectRefused(with("tokenizer.ggml.merges", Strings({"a zz"})), "\"a zz\" at index 0");
  ExpectRefused(with("tokenizer.ggml.merges", Strings({""})), "at index 0");
  ExpectRefused(with("tokenizer.ggml.token_type", Numbers<int32_t>(NumberType::kInt32, {1, 2})), "2 entries");
  ExpectRefused(with("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, std::vector<int32_t>(261, 9))),
                "tokenizer.ggml.token_type: 9 at index 0");
  ExpectRefused(with("tokenizer.ggml.eos_token_id", uint64_t{261}), "tokenizer.ggml.eos_token_id");
  Metadata metadata = SmallByteLevel("gpt-2");
  metadata.Remove("tokenizer.ggml.bos_token_id");
  metadata.Add("tokenizer.ggml.add_bos_token", true);
  ExpectRefused(metadata, "tokenizer.ggml.add_bos_token");
}

// The files that these stand for are as large as their arrays: what is built of them must not be several times larger.
TEST(GgufByteLevel, VocabulariesThatAreTooLargeAreRefusedBeforeTheyAreBuilt) {
  const auto with_tokens = [](const std::vector<std::string>& tokens) {
    Metadata metadata("large");
    metadata.Add("tokenizer.ggml.model", std::string("gpt2"));
    metadata.Add("tokenizer.ggml.tokens", Strings(tokens));
    return metadata;
  };
  const auto token = [](size_t number, size_t bytes) {
    std::string text = std::to_string(number);
    return text + std::string(bytes - text.size(), 'x');
  };
  EXPECT_EQ(TokenizerFromGguf(with_tokens({"a", token(1, 4096)}))->Piece(1).size(), 4096u);
  ExpectRefused(with_tokens({"a", token(1, 4097)}), "tokenizer.ggml.tokens: 4097 bytes at index 1, at most 4096");
  std::vector<std::string> tokens;
  for (size_t i = 0; i < 2048; ++i) tokens.push_back(token(i, 4096));
  EXPECT_EQ(TokenizerFromGguf(with_tokens(tokens))->vocabulary_size(), 2048u);
  tokens.emplace_back("y");
  ExpectRefused(with_tokens(tokens), "tokenizer.ggml.tokens: 8388609 bytes together, at most 8388608");
  EXPECT_EQ(TokenizerFromGguf(with_tokens(std::vector<std::string>(1 << 19)))->vocabulary_size(), 524288u);
  ExpectRefused(with_tokens(std::vector<std::string>((1 << 19) + 1)), "tokenizer.ggml.tokens: 524289 tokens");
}

TEST(GgufByteLevel, MoreMergesThanItsTokensDivideIntoAreRefused) {
  const auto with_merges = [](const std::vector<std::string>& merges) {
    Metadata metadata("merges");
    metadata.Add("tokenizer.ggml.model", std::string("gpt2"));
    metadata.Add("tokenizer.ggml.tokens", Strings({"a", "b", "", "ab", "abb"}));  // a b, a bb, ab b
    metadata.Add("tokenizer.ggml.merges", Strings(merges));
    return metadata;
  };
  EXPECT_EQ(TokenizerFromGguf(with_merges({"a b", "a b", "ab b"}))->Encode("abb", false), Ids{4});
  ExpectRefused(with_merges(std::vector<std::string>(4, "a b")),
                "tokenizer.ggml.merges: 4 entries, at most 3 expected");
  // However many ways there are.
  Metadata metadata("merges");
  std::vector<std::string> tokens = {"a", "b", "ab"};
  for (int i = 0; i < 300; ++i) tokens.push_back(std::to_string(i) + std::string(4000, 'x'));
  metadata.Add("tokenizer.ggml.model", std::string("gpt2"));
  metadata.Add("tokenizer.ggml.tokens", Strings(tokens));
  metadata.Add("tokenizer.ggml.merges", Strings(std::vector<std::string>((1 << 20) + 1, "a b")));
  ExpectRefused(metadata, "tokenizer.ggml.merges: 1048577 entries, at most 1048576 expected");
}

TEST(GgufByteLevel, TooManyControlTokensAreRefused) {
  std::vector<std::string> tokens;
  for (int i = 0; i <= 1 << 17; ++i) tokens.push_back(std::to_string(i));
  Metadata metadata("control");
  metadata.Add("tokenizer.ggml.model", std::string("gpt2"));
  metadata.Add("tokenizer.ggml.tokens", Strings(tokens));
  metadata.Add("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, std::vector<int32_t>(tokens.size(), 3)));
  ExpectRefused<LimitError>(metadata, "control: tokenizer.ggml.tokens: 131073 control and user-defined tokens");
}

Metadata SmallOf(const std::string& model) {
  return model == "gpt2" ? SmallByteLevel("gpt-2") : SmallSentencePiece(true);
}

void Replace(Metadata& metadata, const std::string& key, MetadataValue value) {
  metadata.Remove(key);
  metadata.Add(key, std::move(value));
}

TEST(GgufVocabulary, ATokenThatIsNotUtf8IsRefusedByItsIndex) {
  for (const char* model : {"gpt2", "llama"}) {
    // A lone byte, an overlong form, a character cut short, a surrogate, a code point beyond the last.
    for (const char* bad : {"\xFF", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
      Metadata metadata = SmallOf(model);
      const StringTable tokens = metadata.RequireStrings("tokenizer.ggml.tokens");
      StringTable broken;
      for (size_t i = 0; i < tokens.size(); ++i) broken.Append(i == 100 ? bad : tokens[i]);
      Replace(metadata, "tokenizer.ggml.tokens", std::move(broken));
      ExpectRefused(metadata, "small: tokenizer.ggml.tokens: \"\\x");
      ExpectRefused(metadata, "at index 100, UTF-8 expected");
    }
  }
}

TEST(GgufVocabulary, IdsOfSpecialTokensAreCheckedAlsoWhereTheyAreNotUsed) {
  for (const char* model : {"gpt2", "llama"}) {
    const uint64_t count = SmallOf(model).RequireStrings("tokenizer.ggml.tokens").size();
    for (const MetadataValue& bad :
         {MetadataValue(count), MetadataValue(int64_t{-1}), MetadataValue(1.0), MetadataValue(std::string("1"))}) {
      for (const std::string key : {"tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id"}) {
        Metadata metadata = SmallOf(model);
        Replace(metadata, key, bad);
        // Nothing is padded, and files name a padding token that they do not have.
        if (key.find("padding") != std::string::npos && bad == MetadataValue(count)) {
          EXPECT_NO_THROW(TokenizerFromGguf(metadata));
        } else {
          ExpectRefused(metadata, "metadata key \"" + key + "\": expected an integer from 0 to");
        }
      }
    }
  }
}

TEST(GgufByteLevel, AVocabularyWithoutMergesHasBytesAlone) {
  Metadata metadata = SmallByteLevel("gpt-2");
  metadata.Remove("tokenizer.ggml.merges");
  EXPECT_EQ(TokenizerFromGguf(metadata)->Encode("abc", true), (Ids{'a', 'b', 'c'}));
}

TEST(GgufSentencePiece, SpacesBytesAndSpecialTokens) {
  const auto tokenizer = TokenizerFromGguf(SmallSentencePiece(true));
  const TokenId space_ab = tokenizer->Find("▁ab").value(), a = tokenizer->Find("a").value();
  const TokenId tab = tokenizer->Find("<0x09>").value();
  EXPECT_EQ(tokenizer->Encode("ab", true), Ids{space_ab});
  EXPECT_EQ(tokenizer->Encode("", true), Ids{});
  EXPECT_EQ(tokenizer->Encode("ab ab\ta", true), (Ids{space_ab, space_ab, tab, a}));
  EXPECT_EQ(tokenizer->Encode("</s>ab", true), (Ids{2, space_ab}));  // each stretch of text begins with a space
  EXPECT_EQ(tokenizer->Encode("\xFF", true).back(), tokenizer->Find("<0xFF>"));
  EXPECT_EQ(tokenizer->Bytes(space_ab), " ab");
  EXPECT_EQ(tokenizer->Bytes(tab), "\t");
  EXPECT_TRUE(tokenizer->add_bos());
  EXPECT_TRUE(tokenizer->strips_leading_space());
  EXPECT_TRUE(tokenizer->IsControl(0));  // <unk>
  EXPECT_EQ(Decode(*tokenizer, {space_ab, space_ab}), "ab ab");
}

TEST(GgufSentencePiece, WithoutAPrefixTextsComeBackAsTheyAre) {
  const auto tokenizer = TokenizerFromGguf(SmallSentencePiece(false));
  for (const char* text : {"ab", " ab", "  ab  ", "a\nb", "é日本\xFF"}) {
    std::string bytes;
    for (const TokenId id : tokenizer->Encode(text, false)) bytes += tokenizer->Bytes(id);
    EXPECT_EQ(bytes, text);
  }
}

TEST(GgufSentencePiece, UserDefinedPiecesAreFoundAmongReplacedSpaces) {
  const auto tokenizer = TokenizerFromGguf(SmallSentencePiece(false));
  const TokenId four = tokenizer->Find("▁▁▁▁").value();
  EXPECT_EQ(tokenizer->Encode("a    a", false),
            (Ids{tokenizer->Find("a").value(), four, tokenizer->Find("a").value()}));
  EXPECT_EQ(tokenizer->Bytes(four), "    ");
}

TEST(GgufSentencePiece, BrokenMetadataIsRefusedByItsKey) {
  Metadata metadata = SmallSentencePiece(true);
  metadata.Remove("tokenizer.ggml.scores");
  ExpectRefused(metadata, "tokenizer.ggml.scores: missing");
  metadata.Add("tokenizer.ggml.scores", Numbers<float>(NumberType::kFloat32, {0, 1}));
  ExpectRefused(metadata, "tokenizer.ggml.scores: 2 entries");
  const size_t tokens = metadata.RequireStrings("tokenizer.ggml.tokens").size();
  metadata.Remove("tokenizer.ggml.scores");
  std::vector<float> scores(tokens, 0);
  scores[3] = std::numeric_limits<float>::quiet_NaN();
  metadata.Add("tokenizer.ggml.scores", Numbers(NumberType::kFloat32, scores));
  ExpectRefused(metadata, "tokenizer.ggml.scores: nan at index 3");
  Replace(metadata, "tokenizer.ggml.scores", Numbers(NumberType::kInt32, std::vector<int32_t>(tokens, 0)));
  ExpectRefused(metadata, "metadata key \"tokenizer.ggml.scores\": expected an array of floats, found array of");
  metadata = SmallSentencePiece(true);
  metadata.Remove("tokenizer.ggml.token_type");
  metadata.Add("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, std::vector<int32_t>(tokens, 6)));
  ExpectRefused(metadata, "is a byte by tokenizer.ggml.token_type");
}

TEST(Detokenizer, NeverEmitsHalfACharacter) {
  const auto tokenizer = TokenizerFromGguf(SmallByteLevel("gpt-2"));
  StreamingDetokenizer detokenizer(*tokenizer);
  EXPECT_EQ(detokenizer.Add(0xF0), "");
  EXPECT_EQ(detokenizer.Add(0x9F), "");
  EXPECT_EQ(detokenizer.Add(259), "");  // a control token in the middle changes nothing
  EXPECT_EQ(detokenizer.Add(0x98), "");
  EXPECT_EQ(detokenizer.Add(0x80), "😀");
  EXPECT_EQ(detokenizer.Add(0xE2), "");
  EXPECT_EQ(detokenizer.Add(0x82), "");
  EXPECT_EQ(detokenizer.Add('a'), "\uFFFDa");
  EXPECT_EQ(detokenizer.Add(0xC3), "");
  EXPECT_EQ(detokenizer.Finish(), "\uFFFD");
  EXPECT_EQ(detokenizer.Finish(), "");
}

TEST(Detokenizer, OnlyTheBeginningOfATextLosesItsSpace) {
  const auto tokenizer = TokenizerFromGguf(SmallSentencePiece(true));
  const TokenId space_ab = tokenizer->Find("▁ab").value();
  StreamingDetokenizer from_start(*tokenizer), goes_on(*tokenizer, false, true);
  EXPECT_EQ(from_start.Add(1), "");
  EXPECT_EQ(from_start.Add(space_ab), "ab");
  EXPECT_EQ(from_start.Add(space_ab), " ab");
  EXPECT_EQ(goes_on.Add(space_ab), " ab");
}

}  // namespace
}  // namespace candor
