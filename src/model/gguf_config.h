// What GGUF's metadata says alike for every architecture, under keys that begin with the architecture's name.
//
// Source: the GGUF specification's list of `[llm].` keys.
#ifndef CANDOR_MODEL_GGUF_CONFIG_H_
#define CANDOR_MODEL_GGUF_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/checkpoint.h"
#include "model/config.h"

namespace candor {

// Reads `ARCHITECTURE.key`. A value outside [min, max] is a FormatError that names the whole key.
class GgufFields {
 public:
  explicit GgufFields(const Metadata& metadata);

  std::string Key(std::string_view key) const { return architecture_ + "." + std::string(key); }
  uint32_t Require(std::string_view key, uint32_t min, uint32_t max) const;
  std::optional<uint32_t> Get(std::string_view key, uint32_t min, uint32_t max) const;
  std::optional<double> GetFloat(std::string_view key, double min, double max) const;
  bool GetBool(std::string_view key, bool otherwise) const;
  // "FILE: ARCHITECTURE.key is FOUND, expected EXPECTED".
  [[noreturn]] void Refuse(std::string_view key, uint64_t found, const std::string& expected) const;

  const Metadata& metadata() const { return metadata_; }
  const std::string& architecture() const { return architecture_; }

 private:
  const Metadata& metadata_;
  std::string architecture_;
};

// The configuration of a plain decoder as the common keys describe it: equal layers, one rotation (halves paired) with
// linear or YaRN scaling where the file asks for it, SiLU, no windows; biases, norms of queries and keys, and an output
// head of its own where the file has their tensors. A family changes what it does differently. The vocabulary is the
// number of rows of `token_embd.weight`; a file whose `vocab_size` or list of tokens contradicts it is refused. Nothing
// that ValidateConfig() asks of the numbers is left for it to refuse: here the keys are known.
// kLayer reads the key of layer norms' epsilon.
ModelConfig StandardConfig(const Checkpoint& checkpoint, NormKind norm = NormKind::kRms);

// One rotation of `dims` values (where the file does not say how many), scaled as the file asks. `truncate` as in
// YarnScaling.
RopeConfig StandardRope(const GgufFields& fields, uint32_t dims, bool truncate = true);

// The experts as the common keys describe them, for every layer; count = 0 where the file has none.
ExpertsConfig StandardExperts(const GgufFields& fields, uint32_t ffn_dim);

}  // namespace candor

#endif  // CANDOR_MODEL_GGUF_CONFIG_H_
