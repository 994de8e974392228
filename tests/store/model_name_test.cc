#include "store/model_name.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace candor {
namespace {

TEST(ModelNameTest, AcceptsWhatModelsAreCalled) {
  for (const char* name : {"smollm2-135m", "qwen2.5-coder-0.5b", "a", "7", "DeepSeek_R1.Q4_K_M", "x.1-of-2"}) {
    EXPECT_TRUE(IsModelName(name)) << name;
    EXPECT_NO_THROW(RequireModelName(name));
  }
  EXPECT_TRUE(IsModelName(std::string(kMaxModelNameLength, 'a')));
}

TEST(ModelNameTest, RefusesWhatCouldLeaveTheFolderOrMislead) {
  const std::string zero("a\0b", 3);
  for (const std::string& name : {std::string(),
                                  std::string("."),
                                  std::string(".."),
                                  std::string("../x"),
                                  std::string("a/b"),
                                  std::string("/x"),
                                  std::string("a\\b"),
                                  std::string("a..b"),
                                  std::string(".hidden"),
                                  std::string("-flag"),
                                  std::string("a."),
                                  std::string("a-"),
                                  std::string("_a"),
                                  std::string("a b"),
                                  std::string("a\nb"),
                                  std::string("%2e%2e"),
                                  zero,
                                  std::string("caf\xc3\xa9"),
                                  std::string("a.gguf"),
                                  std::string("a-00001-of-00003"),
                                  std::string("a:b"),
                                  std::string(kMaxModelNameLength + 1, 'a')}) {
    EXPECT_FALSE(IsModelName(name)) << name;
    EXPECT_THROW(RequireModelName(name), UsageError) << name;
  }
}

TEST(ModelNameTest, NoSpellingOfAPathIsAName) {
  const std::string zero(1, '\0');
  const std::vector<std::string> steps = {
      "../",     "..\\",     "/",      "./",   "%2e%2e/", "%2e%2e%2f",         "..%2f",
      "..;/",    "....//",   "~/",     "C:\\", "\\\\",    "\xc0\xae\xc0\xae/", "..\xef\xbc\x8f",
      "file://", zero + "/", "$HOME/", " /"};
  int tried = 0;
  for (const std::string& first : steps) {
    for (const std::string& second : steps) {
      for (const std::string target : {"etc/passwd", "model"}) {
        for (const std::string& name : {first + second + target, target + first + second}) {
          ++tried;
          EXPECT_FALSE(IsModelName(name)) << name;
          const std::string made = ModelNameFromFile(name + ".gguf");
          EXPECT_TRUE(made.empty() || IsModelName(made)) << name << " gives " << made;
        }
      }
    }
  }
  EXPECT_GE(tried, 500);
}

TEST(ModelNameTest, NamesAFileAfterItself) {
  EXPECT_EQ(ModelNameFromFile("Qwen2.5-7B.Q4_K_M.gguf"), "Qwen2.5-7B.Q4_K_M");
  EXPECT_EQ(ModelNameFromFile("some/where/model.gguf"), "model");
  EXPECT_EQ(ModelNameFromFile("big-00002-of-00003.gguf"), "big");
  EXPECT_EQ(ModelNameFromFile("My Model (1).gguf"), "My-Model--1");
  EXPECT_EQ(ModelNameFromFile("a...b.gguf"), "a.b");
  EXPECT_EQ(ModelNameFromFile("../.gguf"), "");
  EXPECT_EQ(ModelNameFromFile("..."), "");
  EXPECT_EQ(ModelNameFromFile(""), "");
  EXPECT_EQ(ModelNameFromFile(std::string(300, 'x') + ".gguf").size(), kMaxModelNameLength);
}

TEST(ModelNameTest, FindsTheNearestName) {
  const std::vector<std::string> names = {"smollm2-135m", "gemma3-270m", "qwen2.5-coder-0.5b"};
  EXPECT_EQ(NearestName("smolm2-135m", names), "smollm2-135m");
  EXPECT_EQ(NearestName("SMOLLM2-135M", names), "smollm2-135m");
  EXPECT_EQ(NearestName("gemma3-270", names), "gemma3-270m");
  EXPECT_EQ(NearestName("rnu", {"pull", "run"}), "run");
  EXPECT_EQ(NearestName("nur", {"pull", "run"}), "");
  EXPECT_EQ(NearestName("qwen", names), "qwen2.5-coder-0.5b");  // the only one that begins so
  EXPECT_EQ(NearestName("llama-3", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName("model", {"model-aaaa", "model-bbbb"}), "");  // which one?
  EXPECT_EQ(NearestName(std::string(1000000, 'a'), names), "");
}

}  // namespace
}  // namespace candor
