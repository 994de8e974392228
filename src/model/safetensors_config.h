// What config.json says alike for every model of Hugging Face's transformers.
//
// Source: the configuration classes' documented fields; both spellings of rotations, `rope_theta` with `rope_scaling`
// and `rope_parameters`.
#ifndef CANDOR_MODEL_SAFETENSORS_CONFIG_H_
#define CANDOR_MODEL_SAFETENSORS_CONFIG_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/checkpoint.h"
#include "model/config.h"

namespace candor {

// What a family's configuration class takes a missing number for. A null is no number and stays none.
struct ConfigDefault {
  std::string_view key;
  double value;
};

// Reads the text model's members of config.json (text_part.h). A value outside [min, max] is a FormatError that names
// the whole key. Numbers may be written as integers where a float is meant.
class ConfigFields {
 public:
  // `defaults` outlive it.
  explicit ConfigFields(const Checkpoint& checkpoint, std::span<const ConfigDefault> defaults = {});

  std::string Key(std::string_view key) const { return prefix_ + std::string(key); }
  bool Has(std::string_view key) const { return metadata_.Has(Key(key)); }
  bool HasObject(std::string_view key) const { return metadata_.HasObject(Key(key)); }
  uint32_t Require(std::string_view key, uint32_t min, uint32_t max) const;
  std::optional<uint32_t> Get(std::string_view key, uint32_t min, uint32_t max) const;
  std::optional<double> GetFloat(std::string_view key, double min, double max) const;
  double RequireFloat(std::string_view key, double min, double max) const;
  bool GetBool(std::string_view key, bool otherwise) const;
  std::optional<std::string> GetString(std::string_view key) const;
  // Numbers or strings, `count` of them; nullopt when the key is missing.
  std::optional<std::vector<double>> GetFloats(std::string_view key, size_t count) const;
  std::optional<std::vector<std::string>> GetStrings(std::string_view key, size_t count) const;

  // "FILE: key is FOUND, expected EXPECTED".
  [[noreturn]] void Refuse(std::string_view key, const std::string& found, const std::string& expected) const;
  // UnsupportedError when the switch is true.
  void RequireFalse(std::string_view key) const;
  // UnsupportedError unless the string is missing or `known`.
  void RequireString(std::string_view key, std::string_view known) const;

  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Metadata& metadata() const { return metadata_; }

 private:
  std::optional<double> Default(std::string_view key) const;

  const Checkpoint& checkpoint_;
  const Metadata& metadata_;
  std::string prefix_;
  std::span<const ConfigDefault> defaults_;
};

// What a family's configuration class has in its own way.
struct TransformersOptions {
  bool tied_output = false;  // where `tie_word_embeddings` is missing
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";  // the only one that the family computes
  bool dense_layers = true;              // whether `intermediate_size` counts
};

// The configuration of a plain decoder as the common members describe it: equal layers, one rotation (halves paired),
// no windows. A family changes what it does differently. Throws UnsupportedError for another activation and for dynamic
// NTK scaling.
ModelConfig TransformersConfig(const ConfigFields& fields, const TransformersOptions& options = {});

// Experts of which `count_key` says how many there are and `num_experts_per_tok` how many a token uses, `ffn_dim` wide.
ExpertsConfig TransformersExperts(const ConfigFields& fields, std::string_view count_key, uint32_t ffn_dim);

// One rotation of `dims` values; its base is 10,000 where neither config nor family says otherwise. `group` is the kind
// of layer in a configuration that has one rotation for each
// ("full_attention"), or empty.
RopeConfig TransformersRope(const ConfigFields& fields, uint32_t dims, std::string_view group = "");

// For each layer whether it has the window, as `layer_types` lists them; nullopt when that is missing.
std::optional<std::vector<bool>> SlidingLayers(const ConfigFields& fields, size_t layers);

// The windows of a model that has them when `use_sliding_window` is true: in the layers that `layer_types` lists, or
// where that is missing in those that `by_default` says.
void SetSwitchedWindows(const ConfigFields& fields, const std::function<bool(size_t layer)>& by_default,
                        ModelConfig& config);

}  // namespace candor

#endif  // CANDOR_MODEL_SAFETENSORS_CONFIG_H_
