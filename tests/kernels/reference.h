// docs/numerics.md once more, as plain loops: what every kernel of every instruction set must reproduce bit by bit.
// Shares with the kernels only the number formats (kernels/spec).
#ifndef CANDOR_TESTS_KERNELS_REFERENCE_H_
#define CANDOR_TESTS_KERNELS_REFERENCE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/tensor_type.h"

namespace candor::reference {

// Activations of one row: integers of 8 or 15 bits in blocks of 32.
struct Quantized {
  std::vector<int> q;        // [k]
  std::vector<float> scale;  // [k / 32]
};
Quantized Quantize(std::span<const float> x, bool fifteen_bits);

// One output of a product: a weight row in the file's layout with a row of inputs.
float IntegerProduct(TensorType type, const uint8_t* row, const Quantized& x);
// The same with float inputs, for any type.
float ExactProduct(TensorType type, const uint8_t* row, std::span<const float> x);

// One output of a product of E4M3 codes, with a scale for every 128 columns.
float Fp8Product(const uint8_t* codes, std::span<const float> scales, std::span<const float> x);

float Exp(float x);
float Tanh(float x);
std::vector<float> RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon);
// `bias` may be empty.
std::vector<float> LayerNorm(std::span<const float> x, std::span<const float> weight, std::span<const float> bias,
                             float epsilon);
void Rope(std::span<float> head, std::span<const float> cosines, std::span<const float> sines, bool interleaved);
float SiluMultiply(float gate, float up);
float ClampedSiluMultiply(float gate, float up, float alpha, float limit);
float Gelu(float x);
float GeluMultiply(float gate, float up);
float AddScaled(float x, float y, float factor);
float Softcap(float x, float cap);

// One query row at `position` over keys and values by position, each already in the cache's precision.
struct AttentionInput {
  std::vector<float> query;
  std::vector<std::vector<float>> keys, values;
  uint32_t position;
  uint32_t window;
  float scale;
  float softcap;
  const float* sink = nullptr;  // the logit of a sink, or null
};
std::vector<float> Attention(const AttentionInput& in);

// The int8 format of cached values: the values that are read back.
std::vector<float> ThroughInt8(std::span<const float> x);

}  // namespace candor::reference

#endif  // CANDOR_TESTS_KERNELS_REFERENCE_H_
