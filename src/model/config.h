// What a decoder-only transformer is, as data. A family file fills this; the one decoder reads it and nothing else.
#ifndef CANDOR_MODEL_CONFIG_H_
#define CANDOR_MODEL_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

namespace candor {

// What a model's numbers may be. Published models stay far inside; the limits are there so that no file can make a
// buffer huge, a product overflow or a division meaningless. Narrower widths than kMinWidth would let the padding of a
// packed matrix (panels of 16 rows) outgrow the file.
inline constexpr uint32_t kMaxLayers = 1024;
inline constexpr uint32_t kMaxVocabulary = 1u << 20;  // as many as a sampler sums exactly
inline constexpr uint32_t kMinContext = 2;            // a token of the prompt and one of the answer
inline constexpr uint32_t kMaxContext = 1u << 24;
inline constexpr uint32_t kMinWidth = 16;  // of hidden and ffn_dim
inline constexpr uint32_t kMaxHidden = 1u << 16;
inline constexpr uint32_t kMaxFfnDim = 1u << 19;
inline constexpr uint32_t kMaxHeads = 1024;
inline constexpr uint32_t kMinHeadDim = 8;
inline constexpr uint32_t kMaxHeadDim = 1024;
inline constexpr uint32_t kMaxProjection = 1u << 17;  // heads * head_dim, heads * value_dim
inline constexpr uint32_t kMaxRopes = 16;
inline constexpr double kMinRopeBase = 1.0, kMaxRopeBase = 1e15;
inline constexpr double kMinRopeFactor = 0.01, kMaxRopeFactor = 1e31;  // 1e30 is found in files: "do not rotate"
inline constexpr double kMinRopeMagnitude = 1e-3, kMaxRopeMagnitude = 1e3;
inline constexpr double kMinAttentionScale = 1e-6, kMaxAttentionScale = 1e3;
inline constexpr double kMinEmbeddingScale = 1e-6, kMaxEmbeddingScale = 1e6;
inline constexpr double kMinNormEpsilon = 1e-12, kMaxNormEpsilon = 0.1;
inline constexpr double kMinSoftcap = 1e-3, kMaxSoftcap = 1e6;  // or 0: none

enum class Activation : uint8_t { kSilu, kGeluTanh };

// Rotary position embedding (Su et al. 2021): one table of angles, shared by the layers that name it.
struct RopeConfig {
  uint32_t dims = 0;         // rotated values per head, even; the rest pass through
  double base = 10000.0;     // frequency i is base^(-2i/dims)
  bool interleaved = false;  // pairs are (2i, 2i+1) when true, (i, i + dims/2) when false
  // Each frequency is divided by its factor: empty = all 1; linear scaling = all the same; Llama 3's smooth ramp and
  // GGUF's `rope_freqs.weight` = one each (dims/2 values).
  std::vector<float> frequency_factors;
  float magnitude = 1.0f;  // multiplies cos and sin (YaRN's attention factor)
};

struct LayerConfig {
  uint32_t heads = 0;
  uint32_t kv_heads = 0;  // divides heads
  uint32_t head_dim = 0;  // of queries and keys
  uint32_t value_dim = 0;
  float attention_scale = 0.0f;    // multiplies q.k, usually head_dim^-0.5
  float attention_softcap = 0.0f;  // 0 = none; else cap * tanh(score / cap)
  uint32_t window = 0;             // 0 = all; else a query sees the last `window` positions, its own included
  int32_t rope = 0;                // index into ModelConfig::ropes; -1 = no rotation
  uint32_t ffn_dim = 0;
  Activation activation = Activation::kSilu;
};

struct ModelConfig {
  std::string architecture;  // the file's own word, for messages
  std::string name;          // general.name or the folder's name
  uint32_t vocabulary = 0;
  uint32_t hidden = 0;
  uint32_t context_length = 0;   // the longest the model was made for
  float embedding_scale = 1.0f;  // embeddings are multiplied by it, in float32
  float norm_epsilon = 0.0f;
  float logit_softcap = 0.0f;  // 0 = none
  std::vector<RopeConfig> ropes;
  std::vector<LayerConfig> layers;
};

// Throws FormatError naming `source`, the field and the accepted range when a value is zero, absurd or does not fit
// the others. Called once, before any weight is read; everything after relies on it.
void ValidateConfig(const ModelConfig& config, const std::string& source);

}  // namespace candor

#endif  // CANDOR_MODEL_CONFIG_H_
