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
inline constexpr double kMinYarnBeta = 1e-3, kMaxYarnBeta = 1e4;
inline constexpr double kMinAttentionScale = 1e-6, kMaxAttentionScale = 1e3;
inline constexpr double kMinEmbeddingScale = 1e-6, kMaxEmbeddingScale = 1e6;
inline constexpr uint32_t kMaxExperts = 4096;
inline constexpr uint32_t kMaxExpertsUsed = 64;
inline constexpr double kMinExpertScale = 1e-3, kMaxExpertScale = 1e3;
inline constexpr double kMinActivationLimit = 1e-3, kMaxActivationLimit = 1e6;
inline constexpr double kMinNormEpsilon = 1e-12, kMaxNormEpsilon = 0.1;
inline constexpr double kMinSoftcap = 1e-3, kMaxSoftcap = 1e6;  // or 0: none

// What a layer's network does with its first product, or its two: gate and up.
enum class Activation : uint8_t {
  kSilu,         // SiLU(gate) * up
  kGeluTanh,     // GELU(gate) * up, or GELU(up) where the network has no gate
  kClampedSilu,  // gpt-oss: g sigmoid(alpha g) (u + 1), g and u limited before
};

enum class NormKind : uint8_t { kRms, kLayer };  // kLayer has biases

// Rotary position embedding (Su et al. 2021): one table of angles, shared by the layers that name it.
struct RopeConfig {
  uint32_t dims = 0;         // rotated values per head, even; the rest pass through
  double base = 10000.0;     // frequency i is base^(-2i/dims)
  bool interleaved = false;  // pairs are (2i, 2i+1) when true, (i, i + dims/2) when false
  // Each frequency is divided by its factor, dims/2 of them: empty = all 1; linear scaling = all the same; see
  // model/rope_scaling.h for the others. A tensor of factors is multiplied in when the weights are loaded.
  std::vector<double> frequency_factors;
  double magnitude = 1.0;  // multiplies cos and sin (YaRN's attention factor)
  // Phi-3's LongRoPE has another set for contexts longer than `first_context`, the one that the model was trained with
  // first (0: one set for all). Which is used follows from the limit of the context, once, at load: see LimitContext().
  uint32_t first_context = 0;
  std::vector<double> long_frequency_factors;
  bool uses_long_factors = false;
};

// Multi-head latent attention (DeepSeek-V2, section 2.1): keys and values of all heads come from one narrow latent,
// which alone is kept. The projections from latent to keys are folded into the queries and those to values into the
// outputs, so that attention sees one key-value head of rank + rope_dim, whose first `rank` dimensions are its value.
struct LatentConfig {
  uint32_t rank = 0;        // width of the latent; 0 = the layer has ordinary attention
  uint32_t query_rank = 0;  // width of the queries' own latent; 0 = queries are projected directly
  uint32_t nope_dim = 0;    // of a head's query and key: what is not rotated
  uint32_t rope_dim = 0;    // and what is; the key's is the same for all heads
  uint32_t value_dim = 0;   // of a head's output
};

enum class RouterScore : uint8_t { kSoftmax, kSigmoid };

// A mixture of experts (Shazeer et al. 2017) in place of a layer's network. See model/router.h for how experts are
// chosen and weighed.
struct ExpertsConfig {
  uint32_t count = 0;  // 0 = the layer has one network for every token
  uint32_t used = 0;   // by each token
  uint32_t ffn_dim = 0;
  uint32_t shared_ffn_dim = 0;  // of the network that every token passes besides; 0 = none
  RouterScore score = RouterScore::kSoftmax;
  bool normalize = true;  // the weights of a token's experts are divided by their sum
  float weight_scale = 1.0f;
  bool router_bias = false;  // a part of the router's logits
  bool correction = false;   // a bias of each expert that takes part in the choice alone (DeepSeek-V3)
  uint32_t groups = 1;       // experts are divided into groups, of which a token uses the best `groups_used`
  uint32_t groups_used = 1;
};

enum class QueryKeyNorm : uint8_t { kNone, kHead, kWhole };  // of each head, or of all heads' values together

struct LayerConfig {
  uint32_t heads = 0;
  uint32_t kv_heads = 0;  // divides heads
  uint32_t head_dim = 0;  // of queries and keys as the cache sees them (rank + rope_dim with a latent)
  uint32_t value_dim = 0;
  float attention_scale = 0.0f;    // multiplies q.k, usually head_dim^-0.5
  float attention_softcap = 0.0f;  // 0 = none; else cap * tanh(score / cap)
  uint32_t window = 0;             // 0 = all; else a query sees the last `window` positions, its own included
  int32_t rope = 0;                // index into ModelConfig::ropes; -1 = no rotation
  LatentConfig latent;
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;
  bool sinks = false;  // each head has a logit in its softmax that has no value (gpt-oss)
  uint32_t ffn_dim = 0;
  bool gated = true;
  Activation activation = Activation::kSilu;
  float activation_alpha = 1.0f, activation_limit = 0.0f;  // kClampedSilu's
  ExpertsConfig experts;
  // Which parts have biases: queries, keys and values; attention's output; the network's products.
  bool query_bias = false, output_bias = false, ffn_bias = false;
  // Where norms stand: before a block, and of what the block adds.
  bool norm_before = true, norm_after = false;
};

struct ModelConfig {
  std::string architecture;   // the file's own word, for messages
  std::string name;           // general.name or the folder's name
  std::string tensor_prefix;  // what stands before every name of the family's table ("transformer.")
  bool is_part = false;       // the prefix is never left out, and tensors without it are of another model
  uint32_t vocabulary = 0;
  uint32_t hidden = 0;
  uint32_t context_length = 0;     // the longest the model was made for
  float embedding_scale = 1.0f;    // embeddings are multiplied by it, in float32
  uint32_t learned_positions = 0;  // rows of a table that is added to the embeddings; 0 = none. GPT-2's
  NormKind norm = NormKind::kRms;
  float norm_epsilon = 0.0f;
  float logit_softcap = 0.0f;  // 0 = none
  bool tied_output = false;    // the output head is the embedding
  bool output_bias = false;
  std::vector<RopeConfig> ropes;
  std::vector<LayerConfig> layers;
  // Layers behind those, each of which predicts one token further (DeepSeek-V3, section 2.2): kept with the weights
  // for speculation, not a part of the model's answer.
  std::vector<LayerConfig> prediction_layers;

  // Layer `index` of all: the prediction layers are numbered behind the others.
  const LayerConfig& Layer(size_t index) const {
    return index < layers.size() ? layers[index] : prediction_layers[index - layers.size()];
  }
  size_t all_layers() const { return layers.size() + prediction_layers.size(); }
};

// Settles what depends on how long contexts may become: up to `limit` tokens, or as long as the model was made for when
// it is 0. A rotation with two sets of factors takes one of them.
void LimitContext(uint32_t limit, ModelConfig& config);

// Throws FormatError naming `source`, the field and the accepted range when a value is zero, absurd or does not fit
// the others. Called once, before any weight is read; everything after relies on it.
void ValidateConfig(const ModelConfig& config, const std::string& source);

}  // namespace candor

#endif  // CANDOR_MODEL_CONFIG_H_
