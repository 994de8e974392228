// The number formats of tensors: one table of name, block size and bytes for every type that GGUF or safetensors names.
//
// Source: the GGUF specification (the numeric ids are its ids) and its published block layouts; the safetensors format;
// OCP 8-bit Floating Point Specification 1.0 for F8_E4M3.
#ifndef CANDOR_KERNELS_TENSOR_TYPE_H_
#define CANDOR_KERNELS_TENSOR_TYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace candor {

enum class TensorType : uint8_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ8_1 = 9,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kQ8_K = 15,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
  kQ1_0 = 41,
  // Those that safetensors has and GGUF has not: numbers of our own.
  kF8_E4M3 = 200,
  kF8_E5M2 = 201,
  kU8 = 202,
  kU16 = 203,
  kU32 = 204,
  kU64 = 205,
  kBool = 206,
};

// Floats without blocks, which vectors and matrices of a model may be.
constexpr bool IsFloatType(TensorType type) {
  return type == TensorType::kF32 || type == TensorType::kF16 || type == TensorType::kBF16;
}

// Types whose matrices are multiplied with float activations always (docs/numerics.md, "Products with weights"); the
// others with integers, and with floats where exact arithmetic is asked for.
constexpr bool TakesFloatActivations(TensorType type) { return IsFloatType(type) || type == TensorType::kF8_E4M3; }

struct TensorTypeInfo {
  TensorType type;
  std::string_view name;  // as the format documents spell it, e.g. "Q4_K"
  uint32_t block_values;  // values per block along the innermost dimension
  uint32_t block_bytes;   // bytes per block
  bool computed;          // whether matrices of this type can be multiplied with
};

// The row of `type`.
const TensorTypeInfo& InfoOf(TensorType type);
// The row whose GGUF id is `id`; nullopt for an id that no published format has.
std::optional<TensorTypeInfo> TensorTypeFromGgufId(uint32_t id);
// The row of a type as safetensors spells it ("BF16", "F8_E4M3", "BOOL"); nullopt for any other word.
std::optional<TensorTypeInfo> TensorTypeFromSafetensorsName(std::string_view name);

}  // namespace candor

#endif  // CANDOR_KERNELS_TENSOR_TYPE_H_
