// Long texts of one repeated character, a single piece for most pre-tokenizers: a small stack is enough, and the time
// does not explode.
#include <gtest/gtest.h>
#include <pthread.h>

#include <string>
#include <thread>

#include "tokenizer/small_vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

constexpr std::string_view kUnits[] = {"a",
                                       "A",
                                       "aA",
                                       "7",
                                       " ",
                                       "\n",
                                       "\r\n",
                                       " \n",
                                       "\t",
                                       ".",
                                       "$",
                                       "'",
                                       "<",
                                       "<end",
                                       "é",
                                       "ж",
                                       "ع",
                                       "नि",
                                       "ก",
                                       "中",
                                       "あ",
                                       "한",
                                       "\u0301",
                                       "A\u0301",
                                       "😀",
                                       "👩\u200D",
                                       "\u00A0",
                                       "\u3000",
                                       std::string_view("\xFF", 1),
                                       std::string_view("\0", 1),
                                       "ab",
                                       "abc ",
                                       "\xE2\x96\x81"};

struct Job {
  const Tokenizer* tokenizer;
  std::string text;
  bool comes_back;
};

void* EncodeAndCompare(void* argument) {
  const Job& job = *static_cast<const Job*>(argument);
  std::string bytes;
  for (const TokenId id : job.tokenizer->Encode(job.text, true)) bytes += job.tokenizer->Bytes(id);
  EXPECT_TRUE(!job.comes_back || bytes == job.text);
  return nullptr;
}

void EncodeOnASmallStack(const Tokenizer& tokenizer, bool comes_back) {
  for (const std::string_view unit : kUnits) {
    Job job{&tokenizer, "", comes_back && unit != "\xE2\x96\x81"};
    while (job.text.size() < 60'000) job.text += unit;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 << 10);
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, &attributes, EncodeAndCompare, &job), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
  }
}

class LongText : public ::testing::TestWithParam<const char*> {};

TEST_P(LongText, IsEncodedOnASmallStack) { EncodeOnASmallStack(*TokenizerFromGguf(SmallByteLevel(GetParam())), true); }

INSTANTIATE_TEST_SUITE_P(PreTokenizers, LongText,
                         ::testing::Values("gpt-2", "smollm", "llama-bpe", "qwen2", "o200k", "tekken", "deepseek-llm",
                                           "deepseek-coder", "deepseek-v3", "falcon", "default"));

TEST(LongTextSentencePiece, IsEncodedOnASmallStack) {
  EncodeOnASmallStack(*TokenizerFromGguf(SmallSentencePiece(false)), true);
  EncodeOnASmallStack(*TokenizerFromGguf(SmallSentencePiece(true)), false);
}

}  // namespace
}  // namespace candor
