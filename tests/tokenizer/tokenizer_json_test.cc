// tokenizer.json files of every supported kind against Hugging Face's library (tools/make_tokenizer_cases.py), and the
// ways in which a file can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

using ::testing::HasSubstr;

TEST(TokenizerJson, IdsAndTextsAreThoseOfTheReference) {
  const boost::json::value data = boost::json::parse(ReadWholeFile(CANDOR_TEST_DATA "/tokenizer/cases.json", 1 << 20));
  const boost::json::array& texts = data.at("texts").as_array();
  ASSERT_GT(data.at("cases").as_array().size(), 20u);
  for (const boost::json::value& each : data.at("cases").as_array()) {
    const std::string name(each.at("name").as_string());
    const auto tokenizer = TokenizerFromJson(boost::json::serialize(each.at("tokenizer")),
                                             boost::json::serialize(each.at("config")), name);
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto ids = boost::json::value_to<std::vector<TokenId>>(each.at("ids").at(i));
      ASSERT_EQ(tokenizer->Encode(std::string_view(texts[i].as_string()), true), ids) << name << ": " << texts[i];
      const boost::json::value& decoded = each.at("decoded").at(i);
      if (decoded.is_null()) continue;  // the reference has a quirk there
      EXPECT_EQ(Decode(*tokenizer, ids), std::string_view(decoded.as_string())) << name << ": " << texts[i];
    }
    std::vector<TokenId> dog = tokenizer->Encode("dog", true);
    if (tokenizer->add_bos() && !each.at("config").as_object().contains("add_bos_token")) {
      dog.insert(dog.begin(), tokenizer->bos().value());
    }
    if (tokenizer->add_eos() && !each.at("config").as_object().contains("add_eos_token")) {
      dog.push_back(tokenizer->eos().value());
    }
    EXPECT_EQ(dog, boost::json::value_to<std::vector<TokenId>>(each.at("dog"))) << name;
  }
}

// A byte-level file with the tokens of all bytes, "ab" (256), "abc" (257) and what a test adds.
boost::json::object SmallFile() {
  boost::json::object vocab;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool itself = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    const int code = itself ? byte : next++;
    const std::string spelling =
        code < 0x80 ? std::string(1, static_cast<char>(code))
                    : std::string{static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    vocab[spelling] = byte;
  }
  vocab["ab"] = 256;
  vocab["abc"] = 257;
  return {{"added_tokens", boost::json::array{}},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", {"ab", "c"}}}}}};
}

std::unique_ptr<Tokenizer> Read(const boost::json::object& file, const boost::json::object& config = {}) {
  return TokenizerFromJson(boost::json::serialize(file), boost::json::serialize(config), "file");
}

template <class Error = FormatError>
void ExpectRefused(const boost::json::object& file, const std::string& message) {
  try {
    Read(file);
    ADD_FAILURE() << "accepted, although: " << message;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

boost::json::value& Model(boost::json::object& file, std::string_view key) { return file["model"].as_object()[key]; }

boost::json::object Added(std::string_view content, int id, bool special) {
  return {{"id", id}, {"content", content}, {"special", special}, {"normalized", false}};
}

TEST(TokenizerJson, MergesAreStringsOrPairs) {
  EXPECT_EQ(Read(SmallFile())->Encode("abcab", false), (std::vector<TokenId>{257, 256}));
}

TEST(TokenizerJson, ControlTokensAreTextUnlessAskedFor) {
  boost::json::object file = SmallFile();
  file["added_tokens"] = {Added("<end>", 300, true), Added("<tool>", 301, false)};
  const auto tokenizer = Read(file);
  EXPECT_EQ(tokenizer->Encode("<end><tool>", true), (std::vector<TokenId>{300, 301}));
  EXPECT_EQ(tokenizer->Encode("<end><tool>", false), (std::vector<TokenId>{'<', 'e', 'n', 'd', '>', 301}));
  EXPECT_EQ(tokenizer->vocabulary_size(), 302u);
  EXPECT_TRUE(tokenizer->IsControl(300));
  EXPECT_TRUE(tokenizer->IsSpecial(301));
  EXPECT_FALSE(tokenizer->IsControl(301));
  EXPECT_EQ(tokenizer->Bytes(299), "");  // no token has this id
  EXPECT_EQ(Decode(*tokenizer, {300, 'a', 301}), "a<tool>");
  EXPECT_EQ(Decode(*tokenizer, {300, 'a', 301}, true), "<end>a<tool>");
}

// DeepSeek's turn tokens are looked for in normalized text, which its empty normalizer does not change.
TEST(TokenizerJson, GuardedPlacesHoldNoTokenThatIsLookedForInNormalizedText) {
  boost::json::object file = SmallFile();
  boost::json::object user = Added("<u>", 301, false);
  user["normalized"] = true;
  file["added_tokens"] = {Added("<s>", 300, true), user};
  EXPECT_EQ(Read(file)->EncodeGuarded("<s>a<u>b<u>", std::vector<size_t>{8}),
            (std::vector<TokenId>{300, 'a', 301, 'b', '<', 'u', '>'}));
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", boost::json::array{}}};
  EXPECT_EQ(Read(file)->EncodeGuarded("<s>a<u>b<u>", std::vector<size_t>{4, 8}),
            (std::vector<TokenId>{300, 'a', '<', 'u', '>', 'b', '<', 'u', '>'}));
}

TEST(TokenizerJson, EndTokensAreEosAndKnownNames) {
  boost::json::object file = SmallFile();
  file["added_tokens"] = {Added("<s>", 300, true), Added("</s>", 301, true), Added("<|im_end|>", 302, true),
                          Added("<|eot_id|>", 303, true), Added("<b>", 304, true)};
  const auto tokenizer =
      Read(file, {{"bos_token", "<s>"}, {"eos_token", {{"content", "</s>"}}}, {"add_bos_token", true}});
  EXPECT_EQ(tokenizer->bos(), 300);
  EXPECT_EQ(tokenizer->eos(), 301);
  EXPECT_TRUE(tokenizer->add_bos());
  EXPECT_FALSE(tokenizer->add_eos());
  EXPECT_EQ(tokenizer->end_tokens(), (std::vector<TokenId>{301, 302, 303}));
}

TEST(TokenizerJson, AMessageEndIsNoAnswerEndWhereAnswersHaveSeveral) {
  boost::json::object file = SmallFile();
  file["added_tokens"] = {Added("<|return|>", 300, true), Added("<|call|>", 301, true), Added("<|end|>", 302, true)};
  EXPECT_EQ(Read(file, {{"eos_token", "<|return|>"}})->end_tokens(), (std::vector<TokenId>{300, 301}));
}

TEST(TokenizerJson, RefusesWhatItDoesNotKnow) {
  boost::json::object file = SmallFile();
  Model(file, "type") = "WordPiece";
  ExpectRefused<UnsupportedError>(file, "file.model.type: \"WordPiece\" is not supported; known are BPE");
  file = SmallFile();
  Model(file, "dropout") = 0.1;
  ExpectRefused<UnsupportedError>(file, "file.model.dropout");
  file = SmallFile();
  Model(file, "end_of_word_suffix") = "</w>";
  ExpectRefused<UnsupportedError>(file, "end_of_word_suffix");
  file = SmallFile();
  file["normalizer"] = {{"type", "Lowercase"}};
  ExpectRefused<UnsupportedError>(file, "file.normalizer.type: \"Lowercase\"");
  file = SmallFile();
  file["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {{{"type", "BertPreTokenizer"}}}}};
  ExpectRefused<UnsupportedError>(file, "file.pre_tokenizer.pretokenizers[0].type: \"BertPreTokenizer\"");
  file = SmallFile();
  file["pre_tokenizer"] = {
      {"type", "Split"}, {"pattern", {{"Regex", "(a)\\1"}}}, {"behavior", "Isolated"}, {"invert", false}};
  ExpectRefused<UnsupportedError>(file, "file.pre_tokenizer.pattern.Regex");
  file["pre_tokenizer"].as_object()["pattern"] = {{"Regex", "a+"}};
  file["pre_tokenizer"].as_object()["behavior"] = "Removed";
  ExpectRefused<UnsupportedError>(file, "file.pre_tokenizer.behavior: \"Removed\"");
  file = SmallFile();
  file["decoder"] = {{"type", "CTC"}};
  ExpectRefused<UnsupportedError>(file, "file.decoder.type: \"CTC\"");
  file = SmallFile();
  file["post_processor"] = {{"type", "BertProcessing"}};
  ExpectRefused<UnsupportedError>(file, "file.post_processor.type");
}

TEST(TokenizerJson, RefusesWhatIsBroken) {
  boost::json::object file = SmallFile();
  Model(file, "merges") = {"a z", "a zz"};
  ExpectRefused(file, "file.model.merges[0]: \"a z\"");
  Model(file, "merges") = {"ab"};
  ExpectRefused(file, "file.model.merges[0]");
  Model(file, "merges") = boost::json::array{boost::json::array{"a", 5}};
  ExpectRefused(file, "file.model.merges[0]");
  Model(file, "merges") = "a b";
  ExpectRefused(file, "file.model.merges");
  file = SmallFile();
  Model(file, "vocab").as_object()["x y"] = 5;
  ExpectRefused(file, "id 5 is given to two tokens");
  Model(file, "vocab").as_object()["x y"] = 2'000'000'000;
  ExpectRefused(file, "file.model.vocab[x y]: 2000000000");
  Model(file, "vocab").as_object()["x y"] = -1;
  ExpectRefused(file, "file.model.vocab[x y]: -1");
  Model(file, "vocab") = nullptr;
  ExpectRefused(file, "file.model.vocab: missing");
  file = SmallFile();
  file["added_tokens"] = {Added("ab", 300, true)};
  ExpectRefused(file, "\"ab\" has two ids, 256 and 300");
  file = SmallFile();
  file["decoder"] = nullptr;
  ExpectRefused(file, "ByteLevel must be in both");
  file = SmallFile();
  Model(file, "unk_token") = "<nothing>";
  ExpectRefused(file, "file.model.unk_token");
  EXPECT_THROW(TokenizerFromJson("{", "", "file"), FormatError);
  EXPECT_THROW(TokenizerFromJson(std::string(100'000, '['), "", "file"), FormatError);
  EXPECT_THROW(TokenizerFromJson("[]", "", "file"), FormatError);
}

TEST(TokenizerJson, ReplacementsThatMakeATextTooLongAreAnError) {
  boost::json::object file = SmallFile();
  const boost::json::value grow = {
      {"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(60, 'a')}};
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", {grow, grow, grow, grow}}};
  const auto tokenizer = Read(file);
  EXPECT_THROW(tokenizer->Encode(std::string(10'000, 'a'), false), LimitError);
}

}  // namespace
}  // namespace candor
