// The small GGUF files of tests/data, opened.
#ifndef CANDOR_TESTS_MODEL_GOLDEN_FILES_H_
#define CANDOR_TESTS_MODEL_GOLDEN_FILES_H_

#include <filesystem>
#include <string>
#include <utility>

#include "format/gguf.h"

namespace candor {

inline constexpr const char* kGoldenNames[] = {"deepseek-v3", "gemma3",      "gpt-oss", "gpt-oss-mxfp4", "gpt2",
                                               "llama",       "llama3-rope", "mixtral", "olmo2",         "qwen2",
                                               "qwen3",       "qwen3-moe",   "smollm3"};

// Those with nothing but attention and a gated network.
inline constexpr const char* kPlainNames[] = {"llama", "llama3-rope", "qwen2", "qwen3", "gemma3"};

inline std::filesystem::path GoldenPath(const std::string& name) {
  return std::filesystem::path(CANDOR_TEST_DATA) / "gguf" / (name + ".gguf");
}

inline Checkpoint OpenFile(const std::filesystem::path& path) {
  std::vector<File> files;
  files.push_back(File::Open(path));
  return OpenGguf(std::move(files));
}

inline Checkpoint OpenGolden(const std::string& name) { return OpenFile(GoldenPath(name)); }

inline void Replace(Metadata& metadata, const std::string& key, MetadataValue value) {
  metadata.Remove(key);
  metadata.Add(key, std::move(value));
}

}  // namespace candor

#endif  // CANDOR_TESTS_MODEL_GOLDEN_FILES_H_
