#include "engine/end_tokens.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "format/json_metadata.h"
#include "support/fake_tokenizer.h"

namespace candor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class EndingTokenizer : public FakeTokenizer {
 public:
  EndingTokenizer() : FakeTokenizer({"a", "b", "c", "d"}) { end_tokens_ = {3}; }
};

std::vector<TokenId> Ends(const char* config) {
  return EndTokens(EndingTokenizer(), MetadataFromJson(config, "generation_config.json"));
}

TEST(EndTokensTest, ANumberOrAListAddsToThoseOfTheTokenizer) {
  EXPECT_THAT(Ends("{}"), ElementsAre(3));
  EXPECT_THAT(Ends(R"({"eos_token_id": null})"), ElementsAre(3));
  EXPECT_THAT(Ends(R"({"eos_token_id": 1})"), ElementsAre(3, 1));
  EXPECT_THAT(Ends(R"({"eos_token_id": [0, 3, 1, 0]})"), ElementsAre(3, 0, 1));
}

TEST(EndTokensTest, WhatIsNoTokenIsRefused) {
  EXPECT_THAT([] { Ends(R"({"eos_token_id": 4})"); },
              ThrowsMessage<FormatError>("generation_config.json: metadata key \"eos_token_id\": token 4 is not in the "
                                         "vocabulary of 4"));
  for (const char* config : {R"({"eos_token_id": -1})", R"({"eos_token_id": "x"})", R"({"eos_token_id": 1.0})",
                             R"({"eos_token_id": [-1]})", R"({"eos_token_id": [1, 1.5]})", R"({"eos_token_id": [4]})",
                             R"({"eos_token_id": 18446744073709551615})", R"({"eos_token_id": ["a"]})"}) {
    EXPECT_THAT([&] { Ends(config); }, ThrowsMessage<FormatError>(HasSubstr("eos_token_id"))) << config;
  }
}

}  // namespace
}  // namespace candor
