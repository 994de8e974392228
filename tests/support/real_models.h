// Where the real models are that some tests need: $CANDOR_MODELS, else the store of the user who runs the tests.
#ifndef CANDOR_TESTS_SUPPORT_REAL_MODELS_H_
#define CANDOR_TESTS_SUPPORT_REAL_MODELS_H_

#include <cstdlib>
#include <filesystem>
#include <string>

namespace candor {

// The path that NAME.gguf would have; a test skips itself when there is no such file.
inline std::filesystem::path RealModelPath(const std::string& name) {
  if (const char* folder = std::getenv("CANDOR_MODELS")) return std::filesystem::path(folder) / (name + ".gguf");
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : ".") / ".local/share/candor/models" / (name + ".gguf");
}

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_REAL_MODELS_H_
