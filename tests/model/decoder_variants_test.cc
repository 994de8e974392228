// Every field of a configuration that the golden files leave at its default, and shapes that fit no vector, against a
// plain transformer in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <span>

#include "support/decoder_harness.h"
#include "support/reference_decoder.h"

namespace candor {
namespace {

struct Variant {
  const char* name;
  std::function<void(ModelConfig&)> change;
  bool biases = false, head_norms = false, post_norms = false, tied = false;
};

// Two layers, three query heads to a key-value head, everything a whole number of vectors.
ModelConfig PlainConfig() {
  ModelConfig config;
  config.architecture = "test";
  config.vocabulary = 48;
  config.hidden = 32;
  config.context_length = 512;
  config.norm_epsilon = 1e-5f;
  RopeConfig rope;
  rope.dims = 16;
  config.ropes = {rope};
  LayerConfig layer;
  layer.heads = 3;
  layer.kv_heads = 1;
  layer.head_dim = layer.value_dim = 16;
  layer.attention_scale = 0.25f;
  layer.ffn_dim = 64;
  config.layers = {layer, layer};
  return config;
}

class Maker {
 public:
  std::vector<float> Vector(size_t size, float around) {
    std::vector<float> values(size);
    for (float& value : values) value = around + 0.5f * Random();
    return values;
  }
  PackedMatrix Matrix(uint32_t rows, uint32_t cols) {
    std::vector<float> values(size_t{rows} * cols);
    for (float& value : values) value = 2.0f * Random() / std::sqrt(static_cast<float>(cols));
    PackedMatrix matrix(TensorType::kF32, rows, cols, "random");
    matrix.PackRows(0, rows, std::as_bytes(std::span(values)));
    return matrix;
  }

 private:
  float Random() { return std::uniform_real_distribution<float>(-1, 1)(engine_); }
  std::mt19937 engine_{7};
};

Model MakeModel(const Variant& variant) {
  Maker maker;
  Model model;
  model.config = PlainConfig();
  variant.change(model.config);
  for (LayerConfig& layer : model.config.layers) {
    if (variant.head_norms) layer.query_key_norm = QueryKeyNorm::kHead;
  }
  const ModelConfig& config = model.config;
  ValidateConfig(config, variant.name);
  const auto bias = [&](size_t size) { return variant.biases ? maker.Vector(size, 0) : std::vector<float>(); };
  const auto norm = [&](bool has, size_t size) { return has ? maker.Vector(size, 1) : std::vector<float>(); };
  model.weights.token_embedding = maker.Matrix(config.vocabulary, config.hidden);
  model.weights.output_norm = maker.Vector(config.hidden, 1);
  if (!variant.tied) model.weights.output = maker.Matrix(config.vocabulary, config.hidden);
  model.weights.output_bias = bias(config.vocabulary);
  for (const LayerConfig& c : config.layers) {
    LayerWeights w;
    w.attention_norm = maker.Vector(config.hidden, 1);
    w.query = maker.Matrix(c.heads * c.head_dim, config.hidden);
    w.key = maker.Matrix(c.kv_heads * c.head_dim, config.hidden);
    w.value = maker.Matrix(c.kv_heads * c.value_dim, config.hidden);
    w.query_bias = bias(c.heads * c.head_dim);
    w.key_bias = bias(c.kv_heads * c.head_dim);
    w.value_bias = bias(c.kv_heads * c.value_dim);
    w.query_norm = norm(variant.head_norms, c.head_dim);
    w.key_norm = norm(variant.head_norms, c.head_dim);
    w.attention_output = maker.Matrix(config.hidden, c.heads * c.value_dim);
    w.attention_output_bias = bias(config.hidden);
    w.post_attention_norm = norm(variant.post_norms, config.hidden);
    w.ffn_norm = maker.Vector(config.hidden, 1);
    w.ffn_gate = maker.Matrix(c.ffn_dim, config.hidden);
    w.ffn_up = maker.Matrix(c.ffn_dim, config.hidden);
    w.ffn_down = maker.Matrix(config.hidden, c.ffn_dim);
    w.ffn_gate_bias = bias(c.ffn_dim);
    w.ffn_up_bias = bias(c.ffn_dim);
    w.ffn_down_bias = bias(config.hidden);
    w.post_ffn_norm = norm(variant.post_norms, config.hidden);
    // Equal experts whose shares add up to 1 are the network that the reference computes.
    if (c.experts.count != 0) w.router = maker.Matrix(c.experts.count, config.hidden);
    w.expert_gate.assign(c.experts.count, w.ffn_gate);
    w.expert_up.assign(c.experts.count, w.ffn_up);
    w.expert_down.assign(c.experts.count, w.ffn_down);
    model.weights.layers.push_back(std::move(w));
  }
  return model;
}

const Variant kVariants[] = {
    {"Plain", [](ModelConfig&) {}},
    {"Biases", [](ModelConfig&) {}, true},
    {"TiedHead", [](ModelConfig&) {}, false, false, false, true},
    {"HeadNormsAndPostNorms", [](ModelConfig& c) { c.embedding_scale = 5.65685f; }, false, true, true},
    {"Interleaved", [](ModelConfig& c) { c.ropes[0].interleaved = true; }},
    {"PartOfAHeadRotated", [](ModelConfig& c) { c.ropes[0].dims = 6; }},
    {"PartOfAHeadRotatedInterleaved",
     [](ModelConfig& c) {
       c.ropes[0].dims = 10;
       c.ropes[0].interleaved = true;
     }},
    {"LinearScaling", [](ModelConfig& c) { c.ropes[0].frequency_factors.assign(8, 4.0f); }},
    {"FactorsAndMagnitude",
     [](ModelConfig& c) {
       c.ropes[0].frequency_factors = {1, 1, 1.5f, 2, 4, 8, 8, 1e30f};
       c.ropes[0].magnitude = 1.2f;
     }},
    {"WindowsRotationsAndOneLayerWithoutAny",
     [](ModelConfig& c) {
       c.layers.push_back(c.layers[0]);
       c.ropes.push_back(c.ropes[0]);
       c.ropes[1].base = 100;
       c.layers[0].window = 20;
       c.layers[0].rope = 1;
       c.layers[1].window = 65;
       c.layers[2].rope = -1;
     }},
    {"WindowOfOne", [](ModelConfig& c) { c.layers[0].window = 1; }},
    {"Softcaps",
     [](ModelConfig& c) {
       c.logit_softcap = 1.5f;
       for (LayerConfig& layer : c.layers) layer.attention_softcap = 0.75f;
     }},
    {"GeluAndAttentionScale",
     [](ModelConfig& c) {
       for (LayerConfig& layer : c.layers) {
         layer.activation = Activation::kGeluTanh;
         layer.attention_scale = 0.6f;
       }
     }},
    {"ShapesThatFitNoVector",
     [](ModelConfig& c) {
       c.vocabulary = 53;
       c.hidden = 38;
       c.ropes[0].dims = 14;
       for (LayerConfig& layer : c.layers) {
         layer.heads = 4;
         layer.kv_heads = 2;
         layer.head_dim = 18;
         layer.value_dim = 22;
         layer.ffn_dim = 51;
       }
     },
     true, true, true},
    {"SmallestShapes",
     [](ModelConfig& c) {
       c.vocabulary = 1;
       c.hidden = kMinWidth;
       c.ropes[0].dims = 2;
       for (LayerConfig& layer : c.layers) {
         layer.heads = layer.kv_heads = 1;
         layer.head_dim = layer.value_dim = kMinHeadDim;
         layer.ffn_dim = kMinWidth;
       }
     },
     true},
    {"LayersThatDiffer",
     [](ModelConfig& c) {
       c.layers[1].heads = 2;
       c.layers[1].kv_heads = 2;
       c.layers[1].head_dim = 24;
       c.layers[1].value_dim = 10;
       c.layers[1].ffn_dim = 80;
     }},
    {"WideExperts",
     [](ModelConfig& c) {
       c.hidden = 1040;
       for (LayerConfig& layer : c.layers) {
         layer.experts = {.count = 5, .used = 3, .ffn_dim = layer.ffn_dim, .normalize = true};
       }
     }},
    {"ManyQueryHeadsToOneKeyHead",
     [](ModelConfig& c) {
       for (LayerConfig& layer : c.layers) layer.heads = 71;
     }},
};

class DecoderVariants : public ::testing::TestWithParam<Variant> {};

TEST_P(DecoderVariants, LogitsAreThoseOfThePlainTransformer) {
  const Model model = MakeModel(GetParam());
  std::mt19937 engine(3);
  std::vector<int32_t> tokens(140);  // two pages and a part
  for (int32_t& token : tokens) token = static_cast<int32_t>(engine() % model.config.vocabulary);
  const std::vector<double> expected = ReferenceDecoder(model).Run(tokens);
  for (const KernelTable* kernels : AllKernels()) {
    for (const uint32_t chunk : {512, 9}) {
      DecoderHarness harness(model,
                             {.kernels = kernels, .threads = 3, .kv = KvType::kF32, .exact = true, .chunk = chunk});
      const std::vector<float> logits = harness.Append(tokens);
      ASSERT_EQ(logits.size(), expected.size());
      for (size_t i = 0; i < logits.size(); ++i) {
        // float32 rounds each of some hundred steps to 6e-8 of values around 1 to 10.
        ASSERT_NEAR(logits[i], expected[i], 5e-5) << kernels->name << " chunk " << chunk << " logit " << i;
      }
    }
  }
}

// Which rows' outputs are wanted changes what the last layer computes, and no bit of it.
TEST_P(DecoderVariants, AWantedRowIsTheSameWhateverElseIsWanted) {
  const Model model = MakeModel(GetParam());
  const auto wanted_here = [](uint32_t row, uint32_t pattern) {
    constexpr WantedOutput kThree[] = {WantedOutput::kLogits, WantedOutput::kNone, WantedOutput::kHidden};
    if (pattern == 0) return WantedOutput::kNone;
    if (pattern == 1) return row % 139 == 4 ? WantedOutput::kLogits : WantedOutput::kNone;  // few of many
    return pattern == 2 ? kThree[row % 3] : row < 30 ? WantedOutput::kNone : kThree[row % 2 * 2];
  };
  for (const uint32_t count : {5u, 140u}) {
    std::vector<int32_t> tokens(count);
    for (uint32_t i = 0; i < count; ++i) tokens[i] = static_cast<int32_t>(i * 7 % model.config.vocabulary);
    const std::vector<float> logits =
        DecoderHarness(model, {}).Step(tokens, std::vector(count, WantedOutput::kLogits)).logits;
    const std::vector<float> hidden =
        DecoderHarness(model, {}).Step(tokens, std::vector(count, WantedOutput::kHidden)).hidden;
    for (uint32_t pattern = 0; pattern < 4; ++pattern) {
      std::vector<WantedOutput> wanted(count);
      BatchResult expected;
      for (uint32_t row = 0; row < count; ++row) {
        wanted[row] = wanted_here(row, pattern);
        const auto take = [&](const std::vector<float>& from, size_t width, std::vector<float>& to) {
          const auto begin = from.begin() + static_cast<ptrdiff_t>(row * width);
          to.insert(to.end(), begin, begin + static_cast<ptrdiff_t>(width));
        };
        if (wanted[row] == WantedOutput::kLogits) take(logits, model.config.vocabulary, expected.logits);
        if (wanted[row] == WantedOutput::kHidden) take(hidden, model.config.hidden, expected.hidden);
      }
      DecoderHarness harness(model, {});
      const BatchResult result = harness.Step(tokens, wanted);
      EXPECT_EQ(result.logits, expected.logits) << count << " rows, pattern " << pattern;
      EXPECT_EQ(result.hidden, expected.hidden) << count << " rows, pattern " << pattern;
      // Every row left its keys and values.
      DecoderHarness whole(model, {});
      whole.Step(tokens, std::vector(count, WantedOutput::kLogits));
      EXPECT_EQ(harness.Append({0, 0}), whole.Append({0, 0}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DecoderVariants, ::testing::ValuesIn(kVariants),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace candor
